import { createRandom } from '../core/random.ts';

/** The 32-bit number that all records of a run carry in their envelope. `salt` tells repeated real runs apart. */
export function runNumber(seed: number, salt: string): number {
  return createRandom(`run ${seed} ${salt}`).uint32();
}
