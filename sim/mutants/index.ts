import { clientMutants } from './clients.ts';
import { groupMutants } from './groups.ts';
import { logMutants } from './log.ts';
import type { Mutant } from './mutant.ts';
import { quorumMutants } from './quorum.ts';
import { replicationMutants } from './replication.ts';

export type { Mutant } from './mutant.ts';
export { mutantWorkload } from './workloads.ts';

/** Every broken variant. */
export const mutants: readonly Mutant[] = [
  ...logMutants,
  ...replicationMutants,
  ...quorumMutants,
  ...groupMutants,
  ...clientMutants,
];
