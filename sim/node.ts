import type { Runtime } from '../core/runtime.ts';
import { SimDisk } from './disk/disk.ts';
import type { Scheduled } from './event-queue.ts';
import { Incarnation } from './incarnation.ts';
import { endInOrder } from './orderly-end.ts';
import type { Profile } from './profiles.ts';
import { NodeClock } from './runtime/clock.ts';
import { createSimRuntime } from './runtime/runtime.ts';
import { EventKind } from './trace.ts';
import type { World } from './world.ts';

/** A piece of work that waits for a node's processor. */
export interface Work {
  serve(): void;
}

/**
 * `running`: serves its queue. `paused`: the process stands still, its kernel goes on (a long collection, SIGSTOP).
 * `down`: the process is dead and its kernel answers with resets. `off`: no power, nothing answers.
 */
export type NodeState = 'running' | 'paused' | 'down' | 'off';

export interface NodeOptions {
  name: string;
  /** Address that others connect to; `name` resolves too. */
  host: string;
  /** Default the host: every node in a rack of its own. */
  rack?: string;
  /** Default the world's. */
  profile?: Profile;
  /** What the process does when it starts, at every start. A rejection stops the run unless the process is dead. */
  boot?: (runtime: Runtime, node: SimNode) => void | Promise<void>;
  /** How the process ends in good order when it is asked to. */
  shutdown?: (runtime: Runtime, node: SimNode) => Promise<void>;
}

/** A machine with one process: a processor that serves one thing after another, a disk, clocks and an address. */
export class SimNode implements Scheduled {
  readonly world: World;
  readonly index: number;
  readonly name: string;
  readonly host: string;
  readonly rack: string;
  readonly profile: Profile;
  readonly clock: NodeClock;
  readonly disk: SimDisk;
  /** Multiplies what the processor needs; above 1 the node is slow. */
  cpuFactor = 1;
  /** The kernel refuses new connections. */
  refusesConnections = false;
  refusedConnections = 0;
  /** How often its process ended or its power went. */
  endings = 0;
  powerLosses = 0;
  /** What the processor has worked so far, over all lives of the process. */
  cpuNs = 0;
  /** The processor has work until then. */
  busyUntilNs = 0;
  /** What the node has handed to the network leaves until then. */
  sendingUntilNs = 0;
  /** Things to do when the power returns: what kept sending to this node learns that its peer is gone. */
  readonly whenPowered: (() => void)[] = [];
  #state: NodeState = 'running';
  #incarnation: Incarnation;
  #runtime: Runtime;
  readonly #boot: NodeOptions['boot'];
  readonly #shutdown: NodeOptions['shutdown'];

  #queue: Work[] = [];
  #costs: number[] = [];
  #head = 0;
  /** Work of the current turn that still waits. */
  #turnRest = 0;
  #serveScheduled = false;
  #turnCallbacks: (() => void)[] = [];
  /** False from the start of the callbacks of a turn's end: what is added then belongs to the next turn. */
  #turnOpen = false;
  #nextPort = 49152;

  constructor(world: World, index: number, options: NodeOptions) {
    this.world = world;
    this.index = index;
    this.name = options.name;
    this.host = options.host;
    this.rack = options.rack ?? options.host;
    this.profile = options.profile ?? world.profile;
    this.clock = new NodeClock(this, world.startWallMs);
    this.disk = new SimDisk(this);
    this.#boot = options.boot;
    this.#shutdown = options.shutdown;
    this.#incarnation = new Incarnation(this, 1);
    this.#runtime = createSimRuntime(this.#incarnation);
    this.#start();
  }

  /** Of the current process; a restart makes another. */
  get runtime(): Runtime {
    return this.#runtime;
  }

  get incarnation(): Incarnation {
    return this.#incarnation;
  }

  get state(): NodeState {
    return this.#state;
  }

  /** The time as the node sees it: after all work that it has begun. */
  localNs(): number {
    return Math.max(this.busyUntilNs, this.world.nowNs);
  }

  /** Keeps the processor busy for so much longer. */
  charge(ns: number): void {
    const takesNs = Math.round(ns * this.cpuFactor);
    this.cpuNs += takesNs;
    this.busyUntilNs = this.localNs() + takesNs;
  }

  /** SIGTERM: the process ends as the option `shutdown` says, or is killed; resolves as `endInOrder` does. */
  shutdown(graceNs: number): Promise<boolean> {
    const act = this.#shutdown;
    if (this.#state === 'down' || this.#state === 'off') return Promise.resolve(false);
    return endInOrder(this, graceNs, act === undefined ? null : () => act(this.#runtime, this));
  }

  /** SIGKILL: the process ends between two instructions, the page cache lives on, the kernel closes its sockets. */
  kill(): boolean {
    if (this.#state === 'down' || this.#state === 'off') return false;
    const dead = this.#end('down');
    for (const connection of dead.connections) connection.endedByKernel();
    return true;
  }

  /** The plug is pulled: unsynced bytes are lost by the page rule and no peer is told. */
  powerLoss(): boolean {
    if (this.#state === 'off') return false;
    this.#end('off');
    this.powerLosses++;
    this.disk.powerLoss();
    return true;
  }

  /** Starts the process anew on what the disk holds; one that runs is killed first. */
  restart(): Runtime {
    if (this.#state === 'running' || this.#state === 'paused') this.kill();
    this.#state = 'running';
    this.#incarnation = new Incarnation(this, this.#incarnation.number + 1);
    this.#runtime = createSimRuntime(this.#incarnation);
    for (const tell of this.whenPowered.splice(0)) tell();
    this.#start();
    return this.#runtime;
  }

  pause(): boolean {
    if (this.#state !== 'running') return false;
    this.#state = 'paused';
    return true;
  }

  resume(): boolean {
    if (this.#state !== 'paused') return false;
    this.#state = 'running';
    this.#scheduleServe();
    return true;
  }

  /** A free port for an outgoing connection or a listener on port 0. */
  takePort(): number {
    const port = this.#nextPort++;
    if (this.#nextPort === 65536) this.#nextPort = 49152;
    return port;
  }

  /**
   * Hands work to the processor: served at once when it is idle, otherwise in order of arrival. Returns whether code of
   * the node ran. Only for use inside an event, and only for work of the living incarnation.
   */
  submit(work: Work, costNs: number): boolean {
    if (this.#state === 'running' && this.#head === this.#queue.length && this.busyUntilNs <= this.world.nowNs) {
      this.#serve(work, costNs);
      return true;
    }
    this.#queue.push(work);
    this.#costs.push(costNs);
    this.#scheduleServe();
    return false;
  }

  /** As `submit`, from anywhere, and never synchronously. */
  post(work: Work, costNs: number): void {
    this.#queue.push(work);
    this.#costs.push(costNs);
    this.#scheduleServe();
  }

  endOfTurn(callback: () => void): void {
    this.#turnCallbacks.push(callback);
    if (!this.#turnOpen) this.#scheduleServe();
  }

  /** The processor is free: it takes the next piece of work. */
  fire(): boolean {
    this.#serveScheduled = false;
    if (this.#state !== 'running') return false;
    if (this.busyUntilNs > this.world.nowNs) {
      this.#scheduleServe();
      return false;
    }
    const waiting = this.#queue.length - this.#head;
    if (waiting === 0) {
      // Nothing to serve, but callbacks for the end of a turn: a turn without input.
      if (this.#turnCallbacks.length === 0) return false;
      this.world.active = this;
      return true;
    }
    if (this.#turnRest === 0) this.#turnRest = waiting;
    const work = this.#queue[this.#head]!;
    const costNs = this.#costs[this.#head]!;
    this.#head++;
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#costs = [];
      this.#head = 0;
    } else if (this.#head >= 1024) {
      this.#queue.splice(0, this.#head);
      this.#costs.splice(0, this.#head);
      this.#head = 0;
    }
    this.#turnRest--;
    this.#serve(work, costNs);
    return true;
  }

  /**
   * Called by the world once the microtasks of this node's event have run. Runs the end of the turn, if this was its
   * last piece of work, and returns whether code of the node ran thereby.
   */
  afterEvent(): boolean {
    if (this.#state === 'running' && this.#turnRest === 0 && this.#turnCallbacks.length > 0) {
      this.#turnOpen = false;
      const callbacks = this.#turnCallbacks;
      this.#turnCallbacks = [];
      // Callbacks that come while these run, or in their microtasks, wait for the next turn: so no second call.
      for (const callback of callbacks) callback();
      this.world.active = null;
      if (this.#head < this.#queue.length || this.#turnCallbacks.length > 0) this.#scheduleServe();
      return true;
    }
    this.#turnOpen = this.#turnRest > 0;
    this.world.active = null;
    if (this.#head < this.#queue.length) this.#scheduleServe();
    return false;
  }

  #serve(work: Work, costNs: number): void {
    this.world.active = this;
    this.#turnOpen = true;
    this.charge(costNs);
    work.serve();
  }

  #scheduleServe(): void {
    // While an event of this node runs its microtasks may add to its work; afterEvent comes back here.
    if (this.#serveScheduled || this.world.active === this || this.#state !== 'running') return;
    this.#serveScheduled = true;
    this.world.schedule(this.localNs(), EventKind.serve, this.index, this.#queue.length - this.#head, this);
  }

  #end(state: 'down' | 'off'): Incarnation {
    const dead = this.#incarnation;
    dead.alive = false;
    this.endings++;
    this.#state = state;
    this.#queue = [];
    this.#costs = [];
    this.#head = 0;
    this.#turnRest = 0;
    this.#turnCallbacks = [];
    this.#turnOpen = false;
    this.busyUntilNs = 0;
    dead.listeners.clear();
    this.disk.processEnded();
    return dead;
  }

  #start(): void {
    const boot = this.#boot;
    if (boot === undefined) return;
    const { incarnation, runtime } = this;
    const failed = (error: unknown): void => {
      if (incarnation.alive) this.world.fail(this, error);
    };
    const work: Work = { serve: () => void Promise.resolve(boot(runtime, this)).catch(failed) };
    this.post(work, this.profile.cpu.eventNs);
  }
}
