import type { RuleId } from '../verdict/result.ts';

/** What each rule promises, and what its breach means to whoever builds on it. */
export const MEANING: Readonly<Record<RuleId, string>> = {
  E1: 'Without complete evidence silence proves nothing: the run says neither that the promises were kept nor that they were broken.',
  P1: 'A record that was acknowledged is to be readable at its offset for as long as retention keeps it. The producer was told that it is safe and has forgotten it: nobody can send it again.',
  P2: 'An offset names one record for ever. Two readers that stop at the same offset have read different histories, and a committed position no longer says what was processed.',
  P3: 'Readers are to see only what a producer sent and was not told had failed. A record from nowhere is processed as if somebody had meant it.',
  P4: 'Records of one producer keep their order within a partition. Whoever applies them one after the other ends in another state.',
  P5: 'An idempotent producer writes each record once, however often it must retry. A second copy is a payment made twice.',
  P6: 'Every missing offset has a reason: a marker, an aborted transaction, compaction or retention. A gap without one is a record that was there and is not.',
  P7: 'What readers were once shown stays shown: a high watermark never goes back within an epoch. Readers that saw more than there is have acted on what may yet vanish.',
  P8: 'Replicas agree on everything that is committed, and an epoch has one leader. Replicas that differ hand out different histories, depending on who leads.',
  P9: 'No election and no truncation takes what readers were shown. The records are gone, though somebody may have acted on them.',
  P10: 'A consumer is given every record of its assignment once, in order, from where it stands. What it skips is never processed, what comes twice is processed twice.',
  C1: 'A commit covers only what its member owns and has processed. After a restart the group goes on behind records that nobody processed.',
  C2: 'A fetch of committed offsets returns the latest acknowledged commit. With an older one records are processed again, with a newer one they are skipped.',
  C3: 'Everything below a committed offset was processed by some member of the group. What was not is skipped for good.',
  C4: 'A partition has one owner in each generation, and members of a past one are fenced. Two owners process every record twice.',
  X1: 'A transaction is visible whole or not at all. Whoever read a part of it has seen a state that never was to be.',
  X2: 'A read_committed reader sees no record of an aborted transaction. It acted on what was taken back.',
  X5: 'Once a transaction has ended, the last stable offset passes it. Until it does, read_committed readers see nothing of what comes after.',
  L1: 'Once a fault is over, work goes on within bounded time. A partition that stays without leader or replicas is down, though nothing is broken any more.',
  L2: 'After the load ends every group reaches the end of its log. A group that does not is stuck.',
};
