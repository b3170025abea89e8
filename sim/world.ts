import { createRandom } from '../core/random.ts';
import type { Codecs, Random } from '../core/runtime.ts';
import { EventQueue, type Scheduled } from './event-queue.ts';
import { Fabric } from './network/fabric.ts';
import { type NodeOptions, SimNode } from './node.ts';
import { type Profile, profiles } from './profiles.ts';
import { type LogSink, silentLog } from './runtime/logger.ts';
import { EventKind, Trace } from './trace.ts';

/** 2026-01-01T00:00:00Z. */
const START_WALL_MS = 1767225600000;
/** Events between two looks at the outside: the process can hear signals, and progress is told. */
const EVENTS_PER_BREATH = 8192;

export interface WorldOptions {
  /** Everything random in the world is a function of it. */
  seed: string;
  codecs: Codecs;
  /**
   * Calls back, from a stack of its own, once every microtask has run. On Node:
   * `(callback) => queueMicrotask(() => process.nextTick(callback))`.
   */
  afterMicrotasks: (callback: () => void) => void;
  /** Calls back after the platform has served its own events (`setImmediate`), so that a run can be stopped. */
  breathe?: (callback: () => void) => void;
  /** Default 'cloud-nvme'. */
  profile?: Profile;
  /** Default a trace that keeps the hash alone. */
  trace?: Trace;
  /** Wall clock at virtual time zero. */
  startWallMs?: number;
  /** Receives the nodes' log lines; default none. */
  log?: LogSink;
  /** Digest every byte that arrives (slower), not a sample of each piece. */
  digestAllBytes?: boolean;
}

export interface RunOptions {
  /** The run ends with reason 'bound' after so many more events. Default 1e9. */
  maxEvents?: number;
  /** Called after an event that ran code of a node, all that it caused included. It must not change the world. */
  onTouched?: (node: SimNode) => void;
  /** Called every few thousand events, from outside the world. */
  onProgress?: (report: RunReport) => void;
}

export interface RunReport {
  /**
   * `time`: virtual time reached the end asked for. `predicate`: it became true. `idle`: nothing is left to happen.
   * `bound`: maxEvents. `stopped`: by `stop`. `trace`: the trace has seen what it wanted.
   */
  reason: 'running' | 'time' | 'predicate' | 'idle' | 'bound' | 'stopped' | 'trace';
  /** Since the world began. */
  events: number;
  virtualSeconds: number;
  hash: number;
}

/** Code of a node threw, or its boot rejected: on a machine the process would have ended. The run ends with this. */
export class NodeFailure extends Error {
  readonly node: string;
  readonly timeNs: number;
  constructor(node: string, timeNs: number, cause: unknown) {
    super(`${node} at ${timeNs} ns: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'NodeFailure';
    this.node = node;
    this.timeNs = timeNs;
  }
}

type Until = { timeNs: number } | (() => boolean);

/**
 * A world of nodes, links and disks over one queue of events: one event, then every microtask that it caused, then the
 * next. Time passes only from event to event. Runs of the same program with the same seed have the same trace.
 */
export class World {
  nowNs = 0;
  readonly profile: Profile;
  readonly codecs: Codecs;
  readonly startWallMs: number;
  readonly trace: Trace;
  readonly network: Fabric;
  readonly nodes: SimNode[] = [];
  readonly log: LogSink;
  readonly digestAllBytes: boolean;
  /** The node whose code the current event runs. */
  active: SimNode | null = null;
  readonly #byName = new Map<string, SimNode>();
  readonly #queue = new EventQueue();
  readonly #random: Random;
  readonly #afterMicrotasks: (callback: () => void) => void;
  readonly #breathe: (callback: () => void) => void;
  #failure: NodeFailure | null = null;
  #stopped = false;
  #running = false;

  constructor(options: WorldOptions) {
    this.profile = options.profile ?? profiles['cloud-nvme'];
    this.codecs = options.codecs;
    this.startWallMs = options.startWallMs ?? START_WALL_MS;
    this.trace = options.trace ?? new Trace();
    this.trace.nameNodes((index) => this.nodes[index]?.name ?? 'world');
    this.log = options.log ?? silentLog;
    this.digestAllBytes = options.digestAllBytes ?? false;
    this.#random = createRandom(options.seed);
    this.#afterMicrotasks = options.afterMicrotasks;
    this.#breathe = options.breathe ?? options.afterMicrotasks;
    this.network = new Fabric(this);
  }

  /** A stream of its own for each (entity, purpose): draws for one disturb no other. */
  random(entity: string, purpose: string): Random {
    return this.#random.fork(entity).fork(purpose);
  }

  addNode(options: NodeOptions): SimNode {
    if (this.#byName.has(options.name)) throw new Error(`a node named ${options.name} exists`);
    const node = new SimNode(this, this.nodes.length, options);
    this.nodes.push(node);
    this.#byName.set(options.name, node);
    return node;
  }

  /** null when there is none of this name. */
  node(name: string): SimNode | null {
    return this.#byName.get(name) ?? null;
  }

  /** Runs `action`, which belongs to no node, at a time (now, if that has passed). Returns what cancels it. */
  at(timeNs: number, action: () => void, kind: number = EventKind.driver): () => void {
    const fire = (): boolean => {
      action();
      return true;
    };
    const slot = this.schedule(timeNs, kind, -1, 0, { fire });
    const sequence = this.#queue.lastSequence;
    return () => this.#queue.cancel(slot, sequence);
  }

  /** For the parts of the world. Returns the slot, which with `lastSequence` names the event for `cancel`. */
  schedule(timeNs: number, kind: number, node: number, digest: number, target: Scheduled): number {
    return this.#queue.push(Math.max(timeNs, this.nowNs), kind, node, digest, target);
  }

  get lastSequence(): number {
    return this.#queue.lastSequence;
  }

  cancel(slot: number, sequence: number): void {
    this.#queue.cancel(slot, sequence);
  }

  get pendingEvents(): number {
    return this.#queue.size;
  }

  /** Ends the current run after the event that is under way. */
  stop(): void {
    this.#stopped = true;
  }

  /** The run rejects with this failure. */
  fail(node: SimNode, cause: unknown): void {
    this.#failure ??= new NodeFailure(node.name, this.nowNs, cause);
  }

  report(reason: RunReport['reason']): RunReport {
    return { reason, events: this.trace.events, virtualSeconds: this.nowNs / 1e9, hash: this.trace.hash };
  }

  /**
   * Runs events until a time (inclusive) or until a predicate holds, which is asked after every event that ran code of
   * a node. May be called again to go on.
   */
  run(until: Until, options: RunOptions = {}): Promise<RunReport> {
    if (this.#running) return Promise.reject(new Error('the world runs already'));
    this.#running = true;
    this.#stopped = false;
    const endNs = typeof until === 'function' ? Infinity : until.timeNs;
    const predicate = typeof until === 'function' ? until : null;
    const lastEvent = this.trace.events + (options.maxEvents ?? 1e9);
    return new Promise((resolve, reject) => {
      let breath = this.trace.events + EVENTS_PER_BREATH;
      const finish = (reason: RunReport['reason']): void => {
        this.#running = false;
        if (reason === 'time' && endNs > this.nowNs) this.nowNs = endNs;
        resolve(this.report(reason));
      };
      let touched: SimNode | null = null;
      const step = (): void => {
        try {
          if (this.active !== null) {
            touched = this.active;
            if (this.#endOfTurn(this.active)) {
              this.#afterMicrotasks(step);
              return;
            }
          }
          if (touched !== null) {
            options.onTouched?.(touched);
            touched = null;
          }
          if (this.#failure !== null) throw this.#failure;
          if (predicate?.()) {
            finish('predicate');
            return;
          }
          const trace = this.trace;
          for (;;) {
            if (this.#stopped) {
              finish('stopped');
              return;
            }
            if (trace.finished) {
              finish('trace');
              return;
            }
            if (trace.events >= lastEvent) {
              finish('bound');
              return;
            }
            if (trace.events >= breath) {
              breath = trace.events + EVENTS_PER_BREATH;
              options.onProgress?.(this.report('running'));
              this.#breathe(step);
              return;
            }
            const nextNs = this.#queue.nextTimeNs();
            if (nextNs > endNs) {
              finish('time');
              return;
            }
            if (nextNs === Infinity) {
              finish('idle');
              return;
            }
            if (this.#next()) {
              this.#afterMicrotasks(step);
              return;
            }
          }
        } catch (error) {
          this.#running = false;
          const node = this.active;
          this.active = null;
          reject(node === null ? error : new NodeFailure(node.name, this.nowNs, error));
        }
      };
      this.#afterMicrotasks(step);
    });
  }

  /** One event; returns whether microtasks may have come of it. */
  #next(): boolean {
    const queue = this.#queue;
    const target = queue.pop()!;
    this.nowNs = queue.timeNs;
    this.trace.add(queue.timeNs, queue.sequence, queue.node, queue.kind, queue.digest);
    return target.fire();
  }

  #endOfTurn(node: SimNode): boolean {
    if (!node.afterEvent()) return false;
    this.trace.add(this.nowNs, 0, node.index, EventKind.endOfTurn, 0);
    return true;
  }
}
