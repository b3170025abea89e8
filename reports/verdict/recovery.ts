import type { HistoryNames } from '../../workloads/history.ts';
import type { Case } from './case.ts';
import { seconds } from './clause-texts.ts';
import { COMMIT, type Commits, groupsOf, OUTCOME } from './commits.ts';
import type { LoggedFault } from './faults.ts';
import { NumberRows } from './numbers.ts';
import { FLAG } from './record-table.ts';
import type { Tally } from './tally.ts';

/** After the last fault that reaches into a silence has ended, so long may it last. */
const BUDGET_NS = 60e9;
/** A pause below this is no silence. */
const SILENCE_NS = 1e9;
/** Actors times partitions: beyond it nobody's silences are followed, for the state would not be small. */
const FOLLOWED_MAX = 2_000_000;

/** Columns of `Activity.spans`: times in which something of a kind went on; `owed` belongs to its first event. */
const SPAN = { partition: 0, from: 1, to: 2, owed: 3 } as const;

interface Running {
  readonly from: Float64Array;
  readonly to: Float64Array;
  readonly owed: Float64Array;
}

/** When acknowledgements, or reads, went on without a silence: by actor, for actors interleave as they like. */
export class Activity {
  readonly spans: NumberRows = new NumberRows(4);
  readonly #partitions: number;
  readonly #isFollowed: boolean;
  readonly #running: (Running | undefined)[] = [];

  constructor(names: HistoryNames) {
    this.#partitions = names.partitions.length;
    this.#isFollowed = names.actors.length * this.#partitions <= FOLLOWED_MAX;
  }

  /** `owed`: since when it was due, or what tells that later. */
  note(time: number, actor: number, partition: number, owed: number): void {
    if (!this.#isFollowed) return;
    const running = this.#running[actor] ?? this.#begin(actor);
    const from = running.from[partition]!;
    if (from >= 0 && time - running.to[partition]! <= SILENCE_NS) {
      running.to[partition] = time;
      return;
    }
    if (from >= 0) this.spans.push(partition, from, running.to[partition]!, running.owed[partition]!);
    running.from[partition] = time;
    running.to[partition] = time;
    running.owed[partition] = owed;
  }

  #begin(actor: number): Running {
    const column = () => new Float64Array(this.#partitions);
    const running = { from: column().fill(-1), to: column(), owed: column() };
    this.#running[actor] = running;
    return running;
  }

  /** No more events. */
  close(): void {
    for (const running of this.#running) {
      if (running === undefined) continue;
      for (const [partition, from] of running.from.entries()) {
        if (from >= 0) this.spans.push(partition, from, running.to[partition]!, running.owed[partition]!);
      }
    }
    this.#running.length = 0;
  }
}

interface Silence {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  readonly owed: number;
}

/** Times between spans in which nobody's went on, by key. */
function silencesOf(spans: NumberRows, keyOf: (row: number) => number): Silence[] {
  const order = Array.from({ length: spans.length }, (_, row) => row).sort(
    (a, b) => keyOf(a) - keyOf(b) || spans.at(a, SPAN.from) - spans.at(b, SPAN.from),
  );
  const silences: Silence[] = [];
  let key = Number.NaN;
  let end = 0;
  for (const row of order) {
    const from = spans.at(row, SPAN.from);
    if (keyOf(row) === key && from - end > SILENCE_NS) {
      silences.push({ partition: spans.at(row, SPAN.partition), from: end, to: from, owed: spans.at(row, SPAN.owed) });
    }
    end = keyOf(row) === key ? Math.max(end, spans.at(row, SPAN.to)) : spans.at(row, SPAN.to);
    key = keyOf(row);
  }
  return silences;
}

/**
 * L1, as clients see it: once the last fault has ended that reaches into a silence, the next acknowledgement, read and
 * commit of the partition come within the budget. Silences that no fault reaches into are not its matter, nor is what
 * was not due.
 */
export function judgeRecovery(
  judged: Case,
  activity: { readonly acks: Activity; readonly reads: Activity | null },
  commits: Commits,
  tally: Tally,
): void {
  const faults = judged.contract.faults.filter(({ confirmed }) => confirmed);
  if (faults.length === 0) return;
  const { ledger } = judged;
  const judge = (what: string, silences: readonly Silence[], owedSince: (silence: Silence) => number) => {
    for (const silence of silences) {
      const { partition, from, to } = silence;
      const healed = healedAt(faults, from, to);
      if (healed === null) continue;
      tally.check(partition);
      const since = Math.max(from, healed, owedSince(silence));
      if (to - since <= BUDGET_NS) continue;
      tally.fail(partition, () => ({
        partition: judged.evidence.partitions[partition]!,
        sentence: `no ${what} from t=${seconds(from)} to t=${seconds(to)}, though all was healed at t=${seconds(healed)}: ${seconds(to - since)} instead of ${seconds(BUDGET_NS)} at most`,
        events: [
          { timeNs: from, text: `last ${what} before` },
          { timeNs: healed, text: 'the last fault ended' },
          { timeNs: to, text: `first ${what} after` },
        ],
        around: [],
      }));
    }
  };
  const { spans: acks } = activity.acks;
  judge(
    'acknowledgement',
    silencesOf(acks, (row) => acks.at(row, SPAN.partition)),
    ({ owed }) => owed,
  );
  if (activity.reads !== null) {
    const { spans: reads } = activity.reads;
    judge(
      'read',
      silencesOf(reads, (row) => reads.at(row, SPAN.partition)),
      ({ partition, to, owed }) => {
        const row = ledger.offsets.get(partition, owed);
        // What was never acknowledged, or not known to be, was not due.
        return row >= 0 && (ledger.table.flags(row) & FLAG.acked) !== 0 ? ledger.table.time(row) : to;
      },
    );
  }
  const answered = new NumberRows(4);
  const groups: number[] = [];
  const { groupOf } = groupsOf(judged.names);
  const { made } = commits;
  for (let index = 0; index < made.length; index++) {
    if (made.at(index, COMMIT.outcome) !== OUTCOME.acked) continue;
    const end = made.at(index, COMMIT.end);
    answered.push(made.at(index, COMMIT.partition), end, end, made.at(index, COMMIT.start));
    groups.push(groupOf[made.at(index, COMMIT.actor)] ?? -1);
  }
  const partitions = judged.names.partitions.length;
  const commitKey = (row: number) => groups[row]! * partitions + answered.at(row, SPAN.partition);
  judge('commit', silencesOf(answered, commitKey), ({ owed }) => owed);
}

/** When the last fault that reaches into a time ended; null when none does, or one has no end. */
function healedAt(faults: readonly LoggedFault[], from: number, to: number): number | null {
  let healed: number | null = null;
  for (const { atNs, untilNs } of faults) {
    if (atNs > to || (untilNs !== null && untilNs < from)) continue;
    if (untilNs === null || untilNs > to) return null;
    healed = Math.max(healed ?? 0, untilNs);
  }
  return healed;
}

/**
 * L2: when the load has ended and the drain is over, every group has read whatever is there for it. One that was sent
 * back, for its commits were lost, has read it nevertheless; where the log went back, too, offsets do not tell.
 */
export function judgeLag(judged: Case, drained: boolean, tally: Tally): void {
  const { ledger, sessions, names } = judged;
  const { groupOf, names: groups } = groupsOf(names);
  if (groups.length === 0) return;
  const due = new Float64Array(names.partitions.length).fill(-1);
  const wanted = FLAG.acked | FLAG.auditedInPlace;
  for (let row = 0; row < ledger.table.rows; row++) {
    const flags = ledger.table.flags(row);
    if ((flags & wanted) !== wanted || (flags & (FLAG.aborted | FLAG.undecided)) !== 0) continue;
    const partition = ledger.table.partition(row);
    due[partition] = Math.max(due[partition]!, ledger.table.offset(row));
  }
  const positions = groups.map(() => new Map<number, number>());
  const reached = groups.map(() => new Map<number, number>());
  const isWhole = groups.map(() => true);
  for (const [actor, partition, session] of sessions.all()) {
    const group = groupOf[actor] ?? -1;
    if (group < 0) continue;
    const known = positions[group]!;
    known.set(partition, Math.max(known.get(partition) ?? -1, session.position));
    const most = reached[group]!;
    most.set(partition, Math.max(most.get(partition) ?? -1, session.reached));
    if (judged.missing.has(actor)) isWhole[group] = false;
  }
  for (const [group, known] of positions.entries()) {
    const topics = new Set([...known.keys()].map((partition) => names.partitions[partition]!.topic));
    for (const [partition, { topic }] of names.partitions.entries()) {
      if (!topics.has(topic) || due[partition]! < 0) continue;
      tally.check(partition);
      const position = known.get(partition) ?? 0;
      if (position > due[partition]!) continue;
      const hasReached = (reached[group]!.get(partition) ?? 0) > due[partition]!;
      if (hasReached && !judged.wasDisplaced(partition, due[partition]!)) continue;
      const sentence = `group ${groups[group]} stands at offset ${position}, though offset ${due[partition]} is acknowledged and there`;
      if (hasReached) tally.undecided(partition, `${sentence}; it had read beyond before the log went back`);
      else if (!drained || !isWhole[group]) tally.undecided(partition, `${sentence}; the drain did not finish`);
      else tally.fail(partition, () => judged.evidence.example(partition, due[partition]!, sentence, []));
    }
  }
}
