import type { Random } from '../../core/runtime.ts';
import type { Incarnation } from '../incarnation.ts';

/** A process draws what it would from the system: another stream at every start, each a function of the seed. */
export function randomOf(incarnation: Incarnation): Random {
  return incarnation.node.world.random(`node:${incarnation.node.name}`, `process:${incarnation.number}`);
}
