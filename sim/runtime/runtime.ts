import type { Runtime } from '../../core/runtime.ts';
import type { Incarnation } from '../incarnation.ts';
import { createProcessDisk } from './disk.ts';
import { createSimLogger } from './logger.ts';
import { createProcessNetwork } from './network.ts';
import { randomOf } from './random.ts';
import { SimTimers } from './timers.ts';

/** What one process of a node sees of its world. */
export function createSimRuntime(incarnation: Incarnation): Runtime {
  const { node } = incarnation;
  return {
    clock: node.clock,
    timers: new SimTimers(incarnation),
    random: randomOf(incarnation),
    disk: createProcessDisk(incarnation),
    network: createProcessNetwork(incarnation),
    codecs: node.world.codecs,
    log: createSimLogger(incarnation),
  };
}
