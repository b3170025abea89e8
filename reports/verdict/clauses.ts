import {
  acksOne,
  acksOneMoved,
  acksZero,
  destroyedClause,
  lastReplica,
  uncleanClause,
  uncleanShutdowns,
} from './clause-texts.ts';
import type { Contract, TopicPromise } from './contract.ts';
import { copiesOf } from './copies.ts';
import { type ControlEvent, endsUncleanly, type LoggedFault, liesAboutSync, reachesInto, reachOf } from './faults.ts';
import type { Clause } from './result.ts';

export type Standing =
  | { readonly kind: 'fail'; readonly fault: LoggedFault | null }
  | { readonly kind: 'allowed'; readonly clause: Clause; readonly fault: LoggedFault | null }
  | { readonly kind: 'unknown'; readonly reason: string; readonly fault: LoggedFault | null };

/** A record (or a committed offset) that was promised or shown, and is gone. */
export interface Loss {
  readonly promise: TopicPromise;
  /** Partition within its topic, and its index in the history (-1: not of the history). */
  readonly partition: number;
  readonly index: number;
  readonly acks: -1 | 0 | 1;
  /** When the acknowledgement (or the first read) was seen. */
  readonly seenAtNs: number;
  /** How long an acknowledgement may have been on its way: no writer waits longer for one. */
  readonly onTheWayNs: number;
  /** Whether the flush policy had the record synced before `atNs`, as far as the count of later records tells. */
  readonly flushedByCount: (atNs: number) => boolean;
  /** Whether a later record of the partition, acknowledged before `atNs`, is still there. */
  readonly outlived: (atNs: number) => boolean;
}

/**
 * Whether the contract allows a loss. Only a fault that hit a broker which may have held the record, after it was
 * acknowledged, can: an acknowledgement that arrives while the broker is down was on its way, one that arrives after
 * the broker is back was given by it as it then was, unless it is a leader's that counts it for what it had before. A killed process keeps its page cache, so a kill alone excuses
 * nothing that a single copy promised.
 *
 * How many brokers held the record: with `control` evidence the ISR of that moment; without it at least
 * min.insync.replicas for acks=all and one for acks=1. Where that bound leaves both answers open, the answer is
 * `unknown`, naming the missing evidence.
 */
export function standingOf(loss: Loss, contract: Contract, control: readonly ControlEvent[] | undefined): Standing {
  const { promise, acks } = loss;
  if (acks === 0) return { kind: 'allowed', clause: acksZero(), fault: null };
  const replicas = promise.replicas(loss.partition);
  const later = contract.faults.filter(
    (fault) =>
      reachOf(fault.kind) !== 'none' &&
      (loss.seenAtNs < (fault.untilNs ?? Number.POSITIVE_INFINITY) ||
        isStillDamaged(fault, loss, control) ||
        struckOnTheWay(fault, loss, control)) &&
      fault.brokers.some((broker) => replicas.includes(broker)),
  );
  const standing = judge(
    loss,
    later.filter((fault) => fault.confirmed),
    replicas,
    control,
    contract.faults.filter((fault) => fault.confirmed),
  );
  if (standing.kind !== 'fail' || later.every((fault) => fault.confirmed)) return standing;
  if (judge(loss, later, replicas, control, contract.faults).kind === 'fail') return standing;
  const fault = later.find((candidate) => !candidate.confirmed)!;
  return { kind: 'unknown', reason: `it is not known whether fault ${fault.id} took effect`, fault };
}

function judge(
  loss: Loss,
  faults: readonly LoggedFault[],
  replicas: readonly number[],
  control: readonly ControlEvent[] | undefined,
  history: readonly LoggedFault[],
): Standing {
  const { promise, acks } = loss;
  const destroying = faults.filter((fault) => destroys(fault, loss, faults));
  const destroyed = brokersOf(destroying, replicas);
  const touched = brokersOf(faults, replicas);
  const copies = Math.min(promise.replicationFactor, replicas.length);
  const held = acks === 1 ? 1 : Math.min(promise.minInsyncReplicas, copies);
  const last = (candidates: readonly LoggedFault[]) => candidates.at(-1) ?? null;
  const unflushed = (by: readonly LoggedFault[] = destroying): Standing => ({
    kind: 'allowed',
    clause: destroyedClause(loss, by),
    fault: last(by),
  });

  if (copies === 1 && destroying.some((fault) => hitLeader(fault, loss))) return unflushed();
  if (control === undefined) {
    if (replicas.length > 0 && destroyed.size >= replicas.length) return unflushed();
    const fault = last(destroying) ?? last(faults);
    if (copies === 1) {
      const reason = 'which broker held the partition is not recorded';
      return destroyed.size > 0 ? { kind: 'unknown', reason, fault } : { kind: 'fail', fault };
    }
    if (acks === 1 && faults.some((candidate) => hitLeader(candidate, loss))) {
      return {
        kind: 'allowed',
        clause: acksOne(promise, faults.find((candidate) => hitLeader(candidate, loss))!),
        fault,
      };
    }
    if (destroyed.size >= held)
      return { kind: 'unknown', reason: 'who was in the ISR when it was acknowledged is not recorded', fault };
    if (touched.size >= held && acks === 1)
      return { kind: 'unknown', reason: 'who led the partition is not recorded', fault };
    if (touched.size >= held && promise.uncleanElection) {
      return { kind: 'unknown', reason: 'whether an unclean election took place is not recorded', fault };
    }
    // KIP-966 falls back on the last known leader when all of an ISR have ended without a clean shutdown.
    const ended = brokersOf(
      faults.filter(({ kind }) => endsUncleanly(kind)),
      replicas,
    );
    const lostTail = destroying.some(({ kind }) => reachOf(kind) !== 'stored');
    if (ended.size >= held && lostTail) {
      const reason = 'whether all of the ISR ended without a clean shutdown, and who led then, is not recorded';
      return { kind: 'unknown', reason, fault };
    }
    if (touched.size >= held && destroyed.size >= 1 && !promise.eligibleLeaderReplicas) {
      return { kind: 'unknown', reason: 'whether the ISR shrank to the broker that lost power is not recorded', fault };
    }
    return { kind: 'fail', fault };
  }

  const { before, after } = around(control, loss);
  const copiesThen = copiesOf(loss.seenAtNs, before, after, destroying, replicas);
  const nowhere = copiesThen.find(
    ({ holders, taken }) => holders.size === 0 && brokersOf(taken, replicas).size >= replicas.length,
  );
  if (nowhere !== undefined) return unflushed(nowhere.taken);
  if (acks === 1 && copies > 1) {
    const moved = before !== null && after.find((event) => event.leader !== -1 && event.leader !== before.leader);
    if (moved) return { kind: 'allowed', clause: acksOneMoved(promise, before.leader, moved), fault: last(faults) };
  }
  const lacked = (elected: ControlEvent): boolean =>
    acks === 1 || copiesThen.some(({ event, holders }) => event === elected && !holders.has(elected.leader));
  const unclean = after.find((event) => event.unclean && lacked(event));
  if (promise.uncleanElection && unclean !== undefined) {
    return { kind: 'allowed', clause: uncleanClause(promise, unclean), fault: last(faults) };
  }
  // KIP-966: whoever ends without a clean shutdown is eligible no more, for it may have lost its tail. When that has
  // happened to all of an ISR, the last known leader is what remains; not with an empty disk, which others outvote.
  for (const { event: elected, holders, taken } of before === null ? [] : copiesThen) {
    if (!elected?.unclean || holders.has(elected.leader)) continue;
    if (!taken.some(({ kind, brokers }) => brokers.includes(elected.leader) && reachOf(kind) !== 'stored')) continue;
    const acked = endedUncleanly(loss, control, before!, elected, held, history);
    if (acked !== null)
      return { kind: 'allowed', clause: uncleanShutdowns(promise, acked, elected), fault: last(taken) };
  }
  // Whoever is the whole ISR at some moment after the acknowledgement decides what the partition still holds.
  for (const { event, holders, taken } of copiesThen) {
    if (taken.length === 0) continue;
    if (holders.size === 0) return unflushed(taken);
    if (event === null || event.isr.length === 0 || event.isr.some((broker) => holders.has(broker))) continue;
    if (event === before || brokersOf(taken, replicas).size >= held) return unflushed(taken);
    if (!promise.eligibleLeaderReplicas) {
      return { kind: 'allowed', clause: lastReplica(event, taken.at(-1)!), fault: last(taken) };
    }
  }
  return { kind: 'fail', fault: last(destroying) ?? last(faults) };
}

/**
 * The in-sync replicas, enough of them and not before those of the acknowledgement, all of whom ended without a clean
 * shutdown until the election; null for none.
 */
function endedUncleanly(
  loss: Loss,
  control: readonly ControlEvent[],
  before: ControlEvent,
  elected: ControlEvent,
  held: number,
  history: readonly LoggedFault[],
): ControlEvent | null {
  const endings = history.filter(({ kind, atNs }) => endsUncleanly(kind) && atNs < elected.timeNs);
  const member = new Map<number, number>();
  for (const event of control) {
    if (event === elected) break;
    if (event.partition !== loss.index) continue;
    for (const broker of [...member.keys()]) if (!event.isr.includes(broker)) member.delete(broker);
    for (const broker of event.isr) if (!member.has(broker)) member.set(broker, event.timeNs);
    if (event.timeNs < before.timeNs || event.isr.length < held) continue;
    // A life that ended may be missed only later, when its session runs out or the next one registers.
    const hasEnded = (broker: number): boolean =>
      endings.some(({ atNs, brokers }) => brokers.includes(broker) && atNs >= member.get(broker)!);
    if (event.isr.every(hasEnded)) return event;
  }
  return null;
}

/** The clause of the last unclean election of a partition until then, where its topic allows such. */
export function uncleanElectionOf(
  promise: TopicPromise,
  index: number,
  untilNs: number,
  control: readonly ControlEvent[] | undefined,
): Clause | null {
  if (!promise.uncleanElection) return null;
  const found = control?.findLast(
    ({ partition, timeNs, unclean }) => unclean && partition === index && timeNs <= untilNs,
  );
  return found === undefined ? null : uncleanClause(promise, found);
}

/** The last control event at or before the loss was promised, and all later ones, of its partition. */
function around(control: readonly ControlEvent[], loss: Loss): { before: ControlEvent | null; after: ControlEvent[] } {
  let before: ControlEvent | null = null;
  const after: ControlEvent[] = [];
  for (const event of control) {
    if (event.partition !== loss.index) continue;
    if (event.timeNs <= loss.seenAtNs) before = event;
    else after.push(event);
  }
  return { before, after };
}

function brokersOf(faults: readonly LoggedFault[], replicas: readonly number[]): Set<number> {
  const brokers = new Set<number>();
  for (const fault of faults) for (const broker of fault.brokers) if (replicas.includes(broker)) brokers.add(broker);
  return brokers;
}

/** Whether the fault can have taken this record's bytes from the brokers that it hit. */
function destroys(fault: LoggedFault, loss: Loss, faults: readonly LoggedFault[]): boolean {
  const reach = reachOf(fault.kind);
  if (reach !== 'unsynced' && reach !== 'stored' && reach !== 'damaged') return false;
  if (reach === 'damaged' && !isInto(fault, loss)) return false;
  // A log loses its end, never its middle: recovery cuts at the first batch that is missing.
  if (loss.outlived(fault.atNs)) return false;
  if (reach !== 'unsynced' || wasLiedTo(fault, faults)) return true;
  const { flushMessages, flushMs } = loss.promise;
  if (flushMessages <= 1) return false;
  if (fault.atNs > loss.seenAtNs + flushMs * 1e6) return false;
  return !(Number.isFinite(flushMessages) && loss.flushedByCount(fault.atNs));
}

/** Whether damage can have met the record's partition; where that is not known, one of its topic. */
function isInto(fault: LoggedFault, { promise, partition }: Loss): boolean {
  if (partition >= 0) return reachesInto(fault, `${promise.topic}-${partition}`);
  return fault.files === undefined || fault.files.some((path) => path.includes(`/${promise.topic}-`));
}

/** Whether an fsync of the broker, after the record was acknowledged, may have done nothing. */
function wasLiedTo(fault: LoggedFault, faults: readonly LoggedFault[]): boolean {
  return faults.some(
    (lie) =>
      liesAboutSync(lie) && lie.atNs <= fault.atNs && lie.brokers.some((broker) => fault.brokers.includes(broker)),
  );
}

/**
 * Whether the record was appended behind damage that was there before it: the next recovery cuts there, and takes all
 * that follows. A broker that has left the in-sync replicas since may have been through that, and has a new copy.
 */
function isStillDamaged(fault: LoggedFault, loss: Loss, control: readonly ControlEvent[] | undefined): boolean {
  if (control === undefined || reachOf(fault.kind) !== 'damaged' || fault.atNs > loss.seenAtNs) return false;
  return isInto(fault, loss) && wasInSyncSince(fault, loss, control);
}

/**
 * Whether the fault may lie between a copy and the acknowledgement that counts it: a leader acknowledges by what a follower
 * has fetched, also when that one has been down and is back. It leaves the in-sync replicas as soon as its new life is
 * known; until then they are those of its former one.
 */
function struckOnTheWay(fault: LoggedFault, loss: Loss, control: readonly ControlEvent[] | undefined): boolean {
  const reach = reachOf(fault.kind);
  if (control === undefined || loss.acks !== -1 || (reach !== 'unsynced' && reach !== 'stored')) return false;
  if (fault.atNs > loss.seenAtNs || loss.seenAtNs > fault.atNs + loss.onTheWayNs) return false;
  return wasInSyncSince(fault, loss, control);
}

/** Whether all that the fault hit were in-sync replicas from then on until the record was acknowledged. */
function wasInSyncSince(fault: LoggedFault, loss: Loss, control: readonly ControlEvent[]): boolean {
  const known = control.filter(({ partition, timeNs }) => partition === loss.index && timeNs <= loss.seenAtNs);
  const since = [
    ...known.filter(({ timeNs }) => timeNs <= fault.atNs).slice(-1),
    ...known.filter(({ timeNs }) => timeNs > fault.atNs),
  ];
  return since.length > 0 && since.every(({ isr }) => fault.brokers.every((broker) => isr.includes(broker)));
}

function hitLeader(fault: LoggedFault, loss: Loss): boolean {
  const { topic } = loss.promise;
  return fault.target === `leader(${topic}/${loss.partition})` || fault.target === `leader(${topic}-${loss.partition})`;
}
