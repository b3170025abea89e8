import { COLUMN, EVENT, HISTORY_WIDTH, type HistoryNames, type HistorySink } from '../../workloads/history.ts';
import { judgeAgreement } from './agreement.ts';
import { Case } from './case.ts';
import { judgeAtLeastOnce, judgeCommitBound, judgeCommitDurable, judgeOwnership } from './commit-rules.ts';
import { Commits, OUTCOME } from './commits.ts';
import type { Contract } from './contract.ts';
import { judgeDurable } from './durable.ts';
import { Evidence } from './evidence.ts';
import type { ControlEvent, LoggedFault } from './faults.ts';
import { judgeJumps } from './gaps.ts';
import { Ledger } from './ledger.ts';
import { judgeDuplicate, judgeOrder } from './order.ts';
import { judgePhantom } from './phantom.ts';
import { Activity, judgeLag, judgeRecovery } from './recovery.ts';
import type { RuleId, RuleResult, VerdictResult } from './result.ts';
import { worst } from './result.ts';
import { sentenceOf } from './sentence.ts';
import { Sessions } from './sessions.ts';
import { Tally } from './tally.ts';
import { judgeAtomic, judgeIsolation, judgeLiveness } from './transactions.ts';
import { judgeWhiteBox, WHITE_BOX_RULES, type WhiteBox } from './white-box.ts';

export interface VerdictOptions {
  /** The command that replays the run; stands at the end of every failure. */
  readonly replay?: string;
  /** The run stops its consumers at times: that nothing is read then is no fault of the cluster. */
  readonly pausesReaders?: boolean;
}

/** How the run ended. What is missing here makes the verdict `unknown`, never `pass`. */
export interface VerdictEnd {
  /** Writers have all their answers, and auditors were given the time to reach every log end. */
  readonly drained: boolean;
  /** Why it is not drained. */
  readonly reason?: string;
  /** Actors whose rows did not all arrive (a worker that died). */
  readonly missing?: readonly number[];
  /** Leaders and in-sync replicas over the run, in time order; absent when nobody watched them. */
  readonly control?: readonly ControlEvent[];
  /**
   * The same of `__consumer_offsets`, whose partitions `partition` then counts, with how many there are; absent when
   * nobody watched them, or it was never made.
   */
  readonly offsetsControl?: { readonly partitions: number; readonly events: readonly ControlEvent[] };
  /** What was seen inside of the brokers; absent where nobody could look. */
  readonly whiteBox?: WhiteBox;
}

/**
 * Judges a history while it streams in. `rows` keeps about 16 bytes for each record and never throws: what a checker
 * throws makes the verdict `unknown`. `finish` once, after the last row.
 */
export class Verdict implements HistorySink {
  readonly #names: HistoryNames;
  readonly #contract: Contract;
  readonly #faults: readonly LoggedFault[];
  readonly #options: VerdictOptions;
  readonly #ledger: Ledger;
  readonly #sessions: Sessions;
  readonly #commits: Commits;
  readonly #ackActivity: Activity;
  readonly #readActivity: Activity;
  readonly #isConsumer: readonly boolean[];
  #acks = 0;
  #thrown: string | undefined;

  /** `faultLog` is the one that the contract was made with; both are read in `finish`, so it may grow until then. */
  constructor(
    names: HistoryNames,
    contract: Contract,
    faultLog: readonly LoggedFault[] = contract.faults,
    options: VerdictOptions = {},
  ) {
    this.#names = names;
    this.#contract = contract;
    this.#faults = faultLog;
    this.#options = options;
    this.#ledger = new Ledger(names);
    this.#sessions = new Sessions(names);
    this.#commits = new Commits(names);
    this.#ackActivity = new Activity(names);
    this.#readActivity = new Activity(names);
    this.#isConsumer = names.actors.map(({ role }) => role.kind === 'consumer');
  }

  rows(rows: Float64Array, count: number): void {
    if (this.#thrown !== undefined) return;
    try {
      for (let index = 0; index < count; index++) this.#row(rows, index * HISTORY_WIDTH);
    } catch (error) {
      this.#thrown = `the checker threw: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  finish(end: VerdictEnd): VerdictResult {
    const evidence = new Evidence(this.#names, this.#ledger);
    const tally = (rule: RuleId) => new Tally(rule, evidence.partitions);
    const tallies: Tally[] = [];
    const judge = (rules: readonly RuleId[], run: (...of: Tally[]) => void) => {
      const own = rules.map(tally);
      tallies.push(...own);
      try {
        run(...own);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        for (const each of own) each.unknown(`the checker threw: ${message}`);
      }
    };
    judge(['E1'], (complete) => this.#judgeEvidence(end, complete!));
    try {
      this.#ledger.close();
      this.#sessions.close();
      this.#ackActivity.close();
      this.#readActivity.close();
      const missing = new Set(end.missing ?? []);
      const judged = new Case(this.#names, this.#contract, this.#ledger, this.#sessions, evidence, missing, end);
      judge(['P1'], (durable) => judgeDurable(judged, durable!));
      judge(['P2'], (agreement) => judgeAgreement(judged, agreement!));
      judge(['P3'], (phantom) => judgePhantom(judged, phantom!));
      judge(['P4'], (order) => judgeOrder(judged, order!));
      judge(['P5'], (duplicate) => judgeDuplicate(judged, duplicate!));
      judge(['P6', 'P10'], (gaps, session) => judgeJumps(judged, gaps!, session!));
      const { whiteBox } = end;
      if (whiteBox !== undefined) {
        for (const rule of WHITE_BOX_RULES) {
          if (rule === 'L1') continue;
          // What readers were shown may go where a replica leads that never had it, whoever let it; and epochs may come
          // again. Within one of them, on one node, nothing goes back.
          const clauseOf = (at: number, ns: number) =>
            rule === 'P7'
              ? null
              : ((rule === 'P9' && at >= 0 ? judged.uncleanElection(at, ns) : null) ?? judged.metadataLost(ns));
          judge([rule], (tally) =>
            judgeWhiteBox(whiteBox, rule, (index) => evidence.partitions[index]!, tally!, clauseOf),
          );
        }
      }
      judge(['L1'], (recovery) => {
        if (whiteBox !== undefined) {
          const clauseOf = (_: number, ns: number) => judged.metadataSplit(ns);
          judgeWhiteBox(whiteBox, 'L1', (index) => evidence.partitions[index]!, recovery!, clauseOf);
        }
        const reads = this.#options.pausesReaders === true || judged.hasTransactions ? null : this.#readActivity;
        judgeRecovery(judged, { acks: this.#ackActivity, reads }, this.#commits, recovery!);
      });
      judge(['L2'], (lag) => judgeLag(judged, end.drained, lag!));
      judge(['C1'], (bound) => judgeCommitBound(judged, this.#commits, bound!));
      judge(['C2'], (durable) => judgeCommitDurable(judged, this.#commits, durable!));
      judge(['C3'], (processed) => judgeAtLeastOnce(judged, this.#commits, processed!));
      judge(['C4'], (ownership) => judgeOwnership(judged, this.#commits, ownership!));
      if (judged.hasTransactions) {
        judge(['X1'], (atomic) => judgeAtomic(judged, atomic!));
        judge(['X2'], (isolation) => judgeIsolation(judged, isolation!));
        judge(['X5'], (liveness) => judgeLiveness(judged, end.drained, liveness!));
      }
    } catch (error) {
      tallies[0]!.unknown(`the checker threw: ${error instanceof Error ? error.message : String(error)}`);
    }
    const rules: RuleResult[] = tallies.map((each) => each.result(this.#options.replay));
    const result = worst(rules.map((rule) => rule.result));
    return { result, sentence: sentenceOf(result, rules, this.#faults.length, this.#options.replay), rules };
  }

  /** E1: without these conditions silence proves nothing. */
  #judgeEvidence(end: VerdictEnd, tally: Tally): void {
    tally.check(-1);
    if (this.#thrown !== undefined) tally.undecided(-1, this.#thrown);
    tally.check(-1);
    if (!end.drained) tally.undecided(-1, end.reason ?? 'the drain did not finish');
    for (const actor of end.missing ?? []) {
      tally.check(-1);
      tally.undecided(-1, `not all rows of ${this.#names.actors[actor]?.name ?? `actor ${actor}`} arrived`);
    }
    for (const fault of this.#faults) {
      tally.check(-1);
      if (!fault.confirmed && fault.byChance !== true) {
        tally.undecided(-1, `fault ${fault.id} (${fault.kind} of ${fault.target}) was not seen to take effect`);
      }
    }
    const expectsAcks = this.#names.actors.some(({ role }) => role.kind === 'producer' && role.acks !== 0);
    if (expectsAcks) {
      tally.check(-1);
      if (this.#acks === 0) tally.undecided(-1, 'no record was acknowledged');
    }
  }

  #row(rows: Float64Array, at: number): void {
    const kind = rows[at + COLUMN.kind]!;
    const time = rows[at + COLUMN.time]!;
    const actor = rows[at + COLUMN.actor]!;
    const partition = rows[at + COLUMN.partition]!;
    const offset = rows[at + COLUMN.offset]!;
    const sequence = rows[at + COLUMN.sequence]!;
    const a = rows[at + COLUMN.a]!;
    const b = rows[at + COLUMN.b]!;
    switch (kind) {
      case EVENT.send:
        this.#ledger.send(time, actor, partition, sequence);
        break;
      case EVENT.ack:
        this.#acks += 1;
        this.#ledger.ack(time, actor, partition, offset, sequence);
        this.#ackActivity.note(time, actor, partition, a < 0 ? time : a);
        break;
      case EVENT.fail:
        this.#ledger.fail(actor, sequence, b === 1);
        break;
      case EVENT.read:
        this.#ledger.read(time, actor, partition, offset, sequence, a);
        this.#sessions.read(time, actor, partition, offset);
        if (this.#isConsumer[actor] === true) this.#readActivity.note(time, actor, partition, offset);
        break;
      case EVENT.assign:
        this.#sessions.assign(time, actor, partition, offset, a);
        break;
      case EVENT.revoke:
        this.#sessions.revoke(actor, partition);
        break;
      case EVENT.processed:
        this.#sessions.process(actor, partition, offset);
        break;
      case EVENT.commit:
        this.#commits.commit(time, actor, partition, offset, sequence, a, this.#sessions.find(actor, partition));
        break;
      case EVENT.commitAck:
        this.#commits.answer(time, actor, partition, sequence, OUTCOME.acked);
        break;
      case EVENT.commitFail:
        this.#commits.answer(time, actor, partition, sequence, b === 1 ? OUTCOME.refused : OUTCOME.maybe);
        break;
      case EVENT.committed:
        this.#commits.fetch(time, actor, partition, offset, a);
        break;
      case EVENT.txnBegin:
        this.#ledger.begin(actor, sequence);
        break;
      case EVENT.txnEnd:
        this.#ledger.ending(actor);
        break;
      case EVENT.txnResult:
        this.#ledger.end(actor, sequence, a);
        break;
      case EVENT.gap:
        this.#sessions.gap(time, actor, partition, offset, a, b);
        break;
      case EVENT.logEnd:
        this.#sessions.logEnd(actor, partition, offset, a);
        break;
      case EVENT.seek:
        this.#sessions.seek(actor, partition, offset, a === 1);
        break;
      case EVENT.txnOffsets:
        break;
      default:
        throw new RangeError(`history row of unknown kind ${kind}`);
    }
  }
}
