import { createRandom } from '../random.ts';
import type { Disk, Runtime } from '../runtime.ts';
import { nodeClock } from './clock.ts';
import { nodeCodecs } from './codecs.ts';
import { nodeDisk } from './disk.ts';
import { createNodeLogger, type LogLevel } from './logger.ts';
import { createNodeNetwork } from './network.ts';
import { SystemRandom } from './random.ts';
import { NodeTimers } from './timers.ts';

export interface NodeRuntimeOptions {
  /** Default 'warn'. */
  logLevel?: LogLevel;
  /** Receives whole lines; default standard error. */
  writeLogLine?: (line: string) => void;
  /** A seed makes `random` repeatable (and guessable: not for brokers); default the system's randomness. */
  randomSeed?: string;
  /** Another disk, for example one in memory; default the machine's. */
  disk?: Disk;
  /** One of this machine's addresses, from which plain connections are made; default the one that the route has. */
  localAddress?: string;
}

export interface NodeRuntime extends Runtime {
  /** Cancels all pending timers, so that the process can end. Files, listeners and connections are their owners'. */
  close(): void;
}

/** The real world: this machine's clock, files, network and randomness. Several in one process are independent. */
export function createNodeRuntime(options: NodeRuntimeOptions = {}): NodeRuntime {
  const clock = nodeClock;
  const timers = new NodeTimers(clock);
  const log = createNodeLogger(
    options.logLevel ?? 'warn',
    clock,
    options.writeLogLine ?? ((line) => process.stderr.write(line)),
  );
  return {
    clock,
    timers,
    random: options.randomSeed === undefined ? new SystemRandom() : createRandom(options.randomSeed),
    disk: options.disk ?? nodeDisk,
    network: createNodeNetwork(log, options.localAddress),
    codecs: nodeCodecs,
    log,
    close: () => timers.close(),
  };
}
