import { groupPartition } from '../../core/groups/index.ts';
import type { HistoryNames } from '../../workloads/history.ts';
import { CLAUSE } from './clause-texts.ts';
import { type Loss, type Standing, standingOf, uncleanElectionOf } from './clauses.ts';
import type { Contract, TopicPromise } from './contract.ts';
import type { Evidence } from './evidence.ts';
import { type ControlEvent, reachesInto, reachOf } from './faults.ts';
import { HighMarks } from './high-marks.ts';
import { CONFLICT, type Ledger, MOVE } from './ledger.ts';
import { type MetadataLoss, metadataLostOf, wasBefore } from './metadata-lost.ts';
import { FLAG } from './record-table.ts';
import type { Clause } from './result.ts';
import type { Sessions } from './sessions.ts';
import type { VerdictEnd } from './verdict.ts';

/** One auditor's pass over one partition. */
export interface Audit {
  readonly actor: number;
  readonly isolation: 'read_uncommitted' | 'read_committed';
  readonly logStart: number;
  /** Log end, or last stable offset for read_committed. */
  readonly logEnd: number;
  readonly position: number;
  readonly lastReadNs: number;
  /** Null: it read everything from log start to log end. */
  readonly incomplete: string | null;
}

/** All that the rules look at when the rows have ended. */
export class Case {
  readonly names: HistoryNames;
  readonly contract: Contract;
  readonly control: readonly ControlEvent[] | undefined;
  readonly ledger: Ledger;
  readonly sessions: Sessions;
  readonly evidence: Evidence;
  /** The best audit of each partition. */
  readonly audits: readonly (Audit | undefined)[];
  /** Actors whose rows did not all arrive. */
  readonly missing: ReadonlySet<number>;
  readonly hasTransactions: boolean;
  readonly #offsetsControl: VerdictEnd['offsetsControl'];
  readonly #metadataLosses: readonly MetadataLoss[];
  readonly #auditedMoves = new Set<string>();
  readonly #exposures = new Map<string, number>();
  #marks: HighMarks | undefined;
  #displaced: Map<string, number[]> | undefined;

  constructor(
    names: HistoryNames,
    contract: Contract,
    ledger: Ledger,
    sessions: Sessions,
    evidence: Evidence,
    missing: ReadonlySet<number>,
    end: Pick<VerdictEnd, 'control' | 'offsetsControl' | 'whiteBox'>,
  ) {
    this.names = names;
    this.contract = contract;
    this.control = end.control;
    this.#offsetsControl = end.offsetsControl;
    this.ledger = ledger;
    this.sessions = sessions;
    this.evidence = evidence;
    this.missing = missing;
    this.#metadataLosses = end.whiteBox?.metadataLosses ?? [];
    this.audits = auditsOf(names, sessions);
    this.hasTransactions = names.actors.some(({ role }) => role.kind === 'producer' && role.transactional);
    const { moves } = ledger;
    for (let index = 0; index < moves.length; index++) {
      const key = `${moves.at(index, MOVE.row)}@${moves.at(index, MOVE.offset)}`;
      if (moves.at(index, MOVE.audited) === 1) this.#auditedMoves.add(key);
      if (!this.#exposures.has(key)) this.#exposures.set(key, moves.at(index, MOVE.time));
    }
  }

  /** The clause that allows corrupt bytes: a fault has damaged what a replica had stored. */
  damageOf(partition: number): Clause | null {
    const promise = this.promise(partition);
    const number = this.names.partitions[partition]!.partition;
    const replicas = promise.replicas(number);
    const fault = this.contract.faults.find(
      (each) =>
        reachOf(each.kind) === 'damaged' &&
        reachesInto(each, `${promise.topic}-${number}`) &&
        each.brokers.some((broker) => replicas.includes(broker)),
    );
    return fault === undefined ? null : CLAUSE.damaged(fault);
  }

  promise(partition: number): TopicPromise {
    return this.contract.topic(this.names.partitions[partition]!.topic);
  }

  producer(actor: number): { acks: -1 | 0 | 1; idempotent: boolean } {
    const role = this.names.actors[actor]?.role;
    return role?.kind === 'producer' ? role : { acks: -1, idempotent: true };
  }

  /** Whether an auditor found the record at that very offset. */
  isAuditedAt(row: number, offset: number): boolean {
    const { table } = this.ledger;
    if (table.offset(row) === offset && (table.flags(row) & FLAG.auditedInPlace) !== 0) return true;
    return this.#auditedMoves.size > 0 && this.#auditedMoves.has(`${row}@${offset}`);
  }

  /** How the contract stands to what stood at an offset and is gone; null when nothing is known to be gone. */
  standingAt(partition: number, offset: number): Standing | null {
    const gone = this.#rowsAt(partition, offset).find((row) => !this.isAuditedAt(row, offset));
    return gone === undefined || this.audits[partition] === undefined ? null : this.lossOf(gone, partition, offset);
  }

  /**
   * How the contract stands to a reader that had what stood at an offset and finds itself before it again: that was lost,
   * even where an auditor finds it, for a writer that had no answer sends again what may then come to the same offset.
   */
  standingOfReturn(partition: number, offset: number, sinceNs: number): Standing {
    let standing: Standing = { kind: 'fail', fault: null };
    for (const row of this.#rowsAt(partition, offset)) {
      standing = this.lossOf(row, partition, offset, Math.min(sinceNs, this.exposedAt(row, offset)));
      if (standing.kind === 'allowed') break;
    }
    return standing;
  }

  /** Whether more than one record was seen at an offset. */
  wasDisplaced(partition: number, offset: number): boolean {
    return this.#rowsAt(partition, offset).length > 1;
  }

  /** All records that were seen at an offset. */
  #rowsAt(partition: number, offset: number): readonly number[] {
    if (this.#displaced === undefined) {
      this.#displaced = new Map();
      const { conflicts } = this.ledger;
      for (let index = 0; index < conflicts.length; index++) {
        const key = `${conflicts.at(index, CONFLICT.partition)}@${conflicts.at(index, CONFLICT.offset)}`;
        const rows = this.#displaced.get(key) ?? [];
        rows.push(conflicts.at(index, CONFLICT.before), conflicts.at(index, CONFLICT.now));
        this.#displaced.set(key, rows);
      }
    }
    const known = this.ledger.offsets.get(partition, offset);
    return this.#displaced.get(`${partition}@${offset}`) ?? (known < 0 ? [] : [known]);
  }

  /** When the record was first known to stand at that offset: its acknowledgement or a read. */
  exposedAt(row: number, offset: number): number {
    const { table } = this.ledger;
    const flags = table.flags(row);
    if ((flags & FLAG.hasOffset) !== 0 && table.offset(row) === offset) return table.time(row);
    return this.#exposures.get(`${row}@${offset}`) ?? 0;
  }

  /** Whether the contract allows that the record no longer stands at that offset, where it was seen at that moment. */
  lossOf(row: number, partition: number, offset: number, seenAtNs: number = this.exposedAt(row, offset)): Standing {
    const promise = this.promise(partition);
    const writer = this.ledger.table.writerOf(row);
    const loss: Loss = {
      promise,
      partition: this.names.partitions[partition]!.partition,
      index: partition,
      acks: this.producer(writer).acks,
      seenAtNs,
      onTheWayNs: Number(this.contract.client(this.names.actors[writer]!.name, 'request.timeout.ms') ?? 30_000) * 1e6,
      flushedByCount: (atNs) => this.#reached(atNs, partition, 'acked') >= offset + promise.flushMessages - 1,
      outlived: (atNs) => this.#reached(atNs, partition, 'surviving') > offset,
    };
    return this.#standingOf(loss, this.contract, this.control);
  }

  /** Whether the contract allows that what a coordinator had written of a group and told at one time was lost at another. */
  lossOfGroup(group: string, ackedNs: number, missedNs: number): Standing {
    const { contract } = this;
    const watched = this.#offsetsControl;
    const partition = watched === undefined ? -1 : groupPartition(group, watched.partitions);
    const loss: Loss = {
      promise: contract.offsets,
      partition,
      index: partition,
      acks: -1,
      seenAtNs: ackedNs,
      onTheWayNs: 0,
      flushedByCount: () => false,
      outlived: () => false,
    };
    const faults = contract.faults.filter(({ atNs }) => atNs < missedNs);
    const control = watched?.events.filter(({ timeNs }) => timeNs <= missedNs);
    return this.#standingOf(loss, { ...contract, faults }, control);
  }

  #standingOf(loss: Loss, contract: Contract, control: readonly ControlEvent[] | undefined): Standing {
    const forgotten = this.#lostMetadata((lost) => wasBefore(lost, loss.index, loss.seenAtNs, control));
    // Metadata that was lost tells nothing of what came before it.
    const known = forgotten === null ? control : control?.filter(({ timeNs }) => timeNs < forgotten.timeNs);
    const standing = standingOf(loss, contract, known);
    if (forgotten === null || standing.kind === 'allowed') return standing;
    return { kind: 'allowed', clause: forgotten.clause, fault: standing.fault };
  }

  /** The clause of an unclean election of this partition up to then, where its topic allows such. */
  uncleanElection(partition: number, timeNs: number): Clause | null {
    return uncleanElectionOf(this.promise(partition), partition, timeNs, this.control);
  }

  /** The clause of a metadata log that had lost committed records by then. */
  metadataLost(timeNs: number): Clause | null {
    return this.#lostMetadata((loss) => loss.timeNs <= timeNs)?.clause ?? null;
  }

  /** The clause of a metadata log that goes on as two, which no voter can tell from one another: they never agree again. */
  metadataSplit(timeNs: number): Clause | null {
    return this.#lostMetadata((loss) => loss.reusesEpoch && loss.timeNs <= timeNs)?.clause ?? null;
  }

  #lostMetadata(applies: (loss: MetadataLoss) => boolean): { clause: Clause; timeNs: number } | null {
    for (const loss of this.#metadataLosses) {
      const clause = applies(loss) ? metadataLostOf(this.contract, loss) : null;
      if (clause !== null) return { clause, timeNs: loss.timeNs };
    }
    return null;
  }

  /** Highest offset that was acknowledged before a fault struck (and that is still there); -1 for none. */
  #reached(atNs: number, partition: number, which: 'acked' | 'surviving'): number {
    this.#marks ??= new HighMarks(
      this.ledger.table,
      this.contract.faults.map((fault) => fault.atNs),
      this.names.partitions.length,
    );
    return this.#marks.before(atNs, partition, which);
  }
}

function auditsOf(names: HistoryNames, sessions: Sessions): (Audit | undefined)[] {
  const audits: (Audit | undefined)[] = Array.from({ length: names.partitions.length });
  for (const [actor, partition, session] of sessions.all()) {
    const role = names.actors[actor]?.role;
    if (role?.kind !== 'auditor') continue;
    const { logStart, logEnd, position, startedAt, lastReadNs } = session;
    let incomplete: string | null = null;
    if (logEnd < 0) incomplete = 'the auditor did not learn where the log ends';
    else if (startedAt < 0 || startedAt > Math.max(0, logStart)) incomplete = 'the audit began after the log start';
    else if (position < logEnd) incomplete = `the audit ended at offset ${position} of ${logEnd}`;
    const audit: Audit = { actor, isolation: role.isolation, logStart, logEnd, position, lastReadNs, incomplete };
    if (isBetter(audit, audits[partition])) audits[partition] = audit;
  }
  return audits;
}

/** A complete audit is better than one that is not; among equals read_uncommitted sees more. */
function isBetter(audit: Audit, than: Audit | undefined): boolean {
  if (than === undefined) return true;
  if ((audit.incomplete === null) !== (than.incomplete === null)) return audit.incomplete === null;
  return audit.isolation === 'read_uncommitted' && than.isolation === 'read_committed';
}
