import { brokers, seconds } from './clause-texts.ts';
import type { Contract } from './contract.ts';
import { type ControlEvent, type LoggedFault, reachesInto, reachOf } from './faults.ts';
import type { Clause } from './result.ts';

/** Where brokers keep the metadata log. */
export const METADATA_DIRECTORY = '__cluster_metadata-0';

/** A node was made leader of the metadata quorum though its log lacks what had been committed. */
export interface MetadataLoss {
  readonly timeNs: number;
  /** When the first record that is gone was known to be committed. */
  readonly sinceNs: number;
  readonly node: number;
  /** Where the log of that node ended, and up to where it had been committed. */
  readonly end: number;
  readonly committed: number;
  /** It leads in an epoch that has had a leader: voters that have both logs cannot tell one from the other. */
  readonly reusesEpoch: boolean;
}

/**
 * The clause of a metadata log that lost what it had committed. Static voters (before KIP-853) cannot tell an empty disk
 * from the one that confirmed a record: it votes like the others, and with one that had not fetched the record yet it is
 * a majority. So the loss is explained by a voter that lost its disk while the record was to be kept, or one whose disk
 * was damaged; nothing else takes a record from a log that is always synced. Voters that are known by their disks
 * (KIP-853) lose nothing so, as long as most of them keep theirs.
 */
export function metadataLostOf({ controllers, faults, votersHaveDisks }: Contract, loss: MetadataLoss): Clause | null {
  const { sinceNs, timeNs } = loss;
  const suspects = faults.filter((fault) => {
    const { kind, confirmed, atNs, untilNs, brokers } = fault;
    if (!confirmed || atNs >= timeNs || !brokers.some((broker) => controllers.includes(broker))) return false;
    if (reachOf(kind) === 'stored') return (untilNs ?? Number.POSITIVE_INFINITY) >= sinceNs;
    return reachOf(kind) === 'damaged' && reachesInto(fault, METADATA_DIRECTORY);
  });
  const emptied = suspects.filter(({ kind }) => reachOf(kind) === 'stored');
  const without = controllers.filter((voter) => emptied.some(({ brokers }) => brokers.includes(voter)));
  const keptMost = votersHaveDisks && without.length * 2 <= controllers.length;
  const forgot = keptMost ? suspects.filter((fault) => !emptied.includes(fault)) : suspects;
  return forgot.length === 0 ? null : clauseOf(loss, forgot);
}

/**
 * Whether what was known of a partition at that moment may be gone with the metadata: nobody had told yet who leads it
 * since the loss, or it was forgotten again later, for logs of both kinds may go on side by side and win in turn. Where
 * they share an epoch, a broker may have either without anybody being told.
 */
export function wasBefore(
  loss: MetadataLoss,
  index: number,
  seenAtNs: number,
  control: readonly ControlEvent[] | undefined,
): boolean {
  if (loss.reusesEpoch && seenAtNs <= loss.timeNs) return true;
  const since = control?.filter(({ partition, timeNs }) => partition === index && timeNs >= loss.timeNs) ?? [];
  return since.some(({ timeNs, forgotten }, at) => (at === 0 || forgotten === true) && seenAtNs <= timeNs);
}

function clauseOf({ node, end, committed, timeNs }: MetadataLoss, forgot: readonly LoggedFault[]): Clause {
  const list = forgot.map((fault) => `${fault.kind} at t=${seconds(fault.atNs)} of ${brokers(fault)}`);
  return {
    id: 'metadata-lost',
    text: `a voter of the metadata quorum that had lost its disk voted like the others: ${list.join(', ')}; broker ${node} led it at t=${seconds(timeNs)} with offsets below ${end} of ${committed}`,
    prevention: 'dynamic voters (KIP-853), or no disk replaced before all other voters have caught up',
  };
}
