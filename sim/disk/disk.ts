import type { DiskError, Random } from '../../core/runtime.ts';
import { drawDelayNs } from '../draws.ts';
import type { Scheduled } from '../event-queue.ts';
import type { Incarnation } from '../incarnation.ts';
import type { SimNode, Work } from '../node.ts';
import { EventKind } from '../trace.ts';
import { type DiskFaults, type FailingOperation, noDiskFaults, type PathMatch, pathMatches } from './faults.ts';
import type { SimFile } from './file.ts';
import { type CrashOutcome, drawOutcome, losePower } from './page-rule.ts';
import { Tree } from './tree.ts';

/** The disk of a node: names, contents, and a device with its own queue. It outlives every process. */
export class SimDisk {
  readonly node: SimNode;
  faults: DiskFaults = noDiskFaults();
  /** What the next power loss does to unsynced bytes and names; null draws it. */
  nextOutcome: CrashOutcome | null = null;
  #tree = new Tree();
  /** What it held before a swap; where that is elsewhere, whatever befalls it befalls another's. */
  #own = this.#tree;
  #usedBytes = 0;
  /** Counts power losses and replacements: what was under way before never completes. */
  #epoch = 0;
  #busyUntilNs = 0;
  readonly #random: Random;
  #powerLosses = 0;
  #stalls = 0;
  /** Operations of the device that would be done but for a stall. */
  #stalled: Scheduled[] = [];
  #blockedProcess = false;

  constructor(node: SimNode) {
    this.node = node;
    this.#random = node.world.random(`disk:${node.name}`, 'latency');
  }

  get tree(): Tree {
    return this.#tree;
  }

  /** Bytes of all files that have a name or an open handle. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** How many more bytes fit. */
  get freeBytes(): number {
    return Math.max(0, this.faults.capacityBytes - this.#usedBytes);
  }

  /** Whether it holds what is another node's, since a swap. */
  get isSwapped(): boolean {
    return this.#tree !== this.#own;
  }

  use(bytes: number): void {
    this.#usedBytes += bytes;
  }

  /** Called when a name or a handle of the file went away: its space is free once it has neither. */
  release(file: SimFile): void {
    if (file.entries === 0 && file.handles === 0) this.#usedBytes -= file.size;
  }

  /**
   * An operation of the device: after what is queued, a drawn delay and any stall, `land` takes effect on the medium
   * (also for a process that was killed meanwhile, but not after a power loss) and then, in the process, the promise
   * settles with what it returned.
   */
  submitted(
    incarnation: Incarnation,
    kind: 'sync' | 'read',
    bytes: number,
    land: () => DiskError | null,
  ): Promise<void> {
    const { node } = this;
    const { disk, cpu } = node.profile;
    const transferNs = (bytes / disk.bytesPerSecond) * 1e9 * this.faults.slowFactor;
    const delayNs = drawDelayNs(kind === 'sync' ? disk.sync : disk.coldRead, this.#random) * this.faults.slowFactor;
    this.#busyUntilNs = Math.round(Math.max(node.localNs(), this.#busyUntilNs) + transferNs);
    const epoch = this.#epoch;
    return new Promise((resolve, reject) => {
      const operation: Scheduled & Work = {
        fire: () => {
          if (epoch !== this.#epoch) return false;
          if (this.#stalls > 0) {
            this.faults.hits.stall++;
            this.#stalled.push(operation);
            return false;
          }
          refusal = land();
          return incarnation.alive && node.submit(operation, cpu.eventNs);
        },
        serve: () => (refusal === null ? resolve() : reject(refusal)),
      };
      let refusal: DiskError | null = null;
      node.world.schedule(this.#busyUntilNs + Math.round(delayNs), EventKind.disk, node.index, bytes, operation);
    });
  }

  /** Nothing that needs the device completes until every stall is undone; returns what undoes this one. */
  stall(): () => void {
    this.#stalls++;
    let undone = false;
    return () => {
      if (undone) return;
      undone = true;
      this.#stalls--;
      if (this.#stalls > 0) return;
      const { world, index } = this.node;
      for (const operation of this.#stalled) world.schedule(world.nowNs, EventKind.disk, index, 0, operation);
      this.#stalled = [];
    };
  }

  /** A call into a device that does not answer: the process stands still until `unblock`. */
  block(): void {
    this.faults.hits.stall++;
    if (this.node.pause()) this.#blockedProcess = true;
  }

  unblock(): void {
    if (this.#blockedProcess) this.node.resume();
    this.#blockedProcess = false;
  }

  /**
   * The next sync of every open file that matches fails: EIO once for each of its handles; its pages are clean from then
   * on, and their visible bytes stay or fall back. Returns how many files that are.
   */
  failSyncs(visible: 'keep' | 'revert', match: PathMatch = {}): number {
    let count = 0;
    this.#tree.walk((path, file) => {
      if (file.handles === 0 || !pathMatches(match, path)) return;
      file.failNextSync = visible;
      count++;
    });
    return count;
  }

  /** Whether the next operation of this kind on this path is to fail; it is used up thereby. */
  fails(operation: FailingOperation, path: string): boolean {
    const match = this.faults.failNext.get(operation);
    if (match === undefined || !pathMatches(match, path)) return false;
    this.faults.failNext.delete(operation);
    this.faults.hits.failure++;
    this.faults.lastNs.failure = this.node.world.nowNs;
    return true;
  }

  /** Sectors that could not be read give their bytes again: as after a changed cable; what the disk holds stays. */
  repairSectors(): void {
    for (const file of this.#tree.files()) file.badSectors.clear();
  }

  /** How much of a write that fails is kept. */
  drawBelow(bound: number): number {
    return this.#random.below(bound);
  }

  /** The process is gone, and with it its handles. */
  processEnded(): void {
    this.#blockedProcess = false;
    for (const file of this.#tree.files()) file.handles = 0;
    this.#measure();
  }

  powerLoss(): CrashOutcome {
    this.#epoch++;
    this.#busyUntilNs = 0;
    this.#stalled = [];
    const random = this.node.world.random(`disk:${this.node.name}`, `power-loss:${++this.#powerLosses}`);
    const outcome = this.nextOutcome ?? drawOutcome(random);
    this.nextOutcome = null;
    this.#tree.losePower(outcome, random.fork('names'));
    const contents = random.fork('contents');
    for (const file of this.#tree.files()) {
      file.handles = 0;
      losePower(file, outcome, contents);
    }
    this.#measure();
    return outcome;
  }

  /** Another, empty disk in its place. Only while no process runs. */
  replace(): void {
    this.#own = new Tree();
    this.#exchange(this.#own);
  }

  /** Each of two nodes gets what the other's disk holds. Only while no process of either runs. */
  swap(other: SimDisk): void {
    const mine = this.#tree;
    this.#exchange(other.#tree);
    other.#exchange(mine);
  }

  #exchange(tree: Tree): void {
    if (this.node.state !== 'down' && this.node.state !== 'off') {
      throw new Error(`the disk of ${this.node.name} is in use`);
    }
    this.#epoch++;
    this.#tree = tree;
    this.#measure();
  }

  #measure(): void {
    this.#usedBytes = 0;
    for (const file of this.#tree.files()) this.#usedBytes += file.size;
  }
}
