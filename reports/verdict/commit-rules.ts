import type { Case } from './case.ts';
import { CLAUSE } from './clause-texts.ts';
import type { Standing } from './clauses.ts';
import { COMMIT, type Commits, FETCHED, groupsOf, HOLD, OUTCOME } from './commits.ts';
import type { Witness } from './result.ts';
import { ASSIGNED, PROCESSED, SKIPPED } from './sessions.ts';
import type { Tally } from './tally.ts';

/** C1: whoever commits owns the partition and has processed everything below. Refused commits do no harm. */
export function judgeCommitBound(judged: Case, commits: Commits, tally: Tally): void {
  const { made } = commits;
  for (let index = 0; index < made.length; index++) {
    if (made.at(index, COMMIT.outcome) === OUTCOME.refused) continue;
    const partition = made.at(index, COMMIT.partition);
    tally.check(partition);
    const offset = made.at(index, COMMIT.offset);
    const processed = made.at(index, COMMIT.processed);
    const hold = made.at(index, COMMIT.hold);
    if (offset <= processed && hold === HOLD.owned) continue;
    tally.fail(partition, () => {
      const what =
        hold === HOLD.notOwned
          ? 'without owning the partition'
          : hold === HOLD.stale
            ? `with generation ${made.at(index, COMMIT.generation)}, which is over`
            : `having processed only below ${processed}`;
      const event = commitEvent(judged, commits, index);
      return judged.evidence.example(partition, offset, `${event.text} ${what}`, [event]);
    });
  }
}

/**
 * C2: an offset fetch returns the latest acknowledged commit of its group, or one that may have been applied after
 * it; never one that an acknowledged commit had replaced before the fetch was asked. A commit without an answer may
 * be applied at any later time.
 */
export function judgeCommitDurable(judged: Case, commits: Commits, tally: Tally): void {
  const { made, fetched } = commits;
  const { groupOf, names: groups } = groupsOf(judged.names);
  const partitions = judged.names.partitions.length;
  const registers = new Map<number, Register>();
  const registerOf = (actor: number, partition: number): Register | undefined => {
    const group = groupOf[actor] ?? -1;
    if (group < 0) return undefined;
    const key = group * partitions + partition;
    const register = registers.get(key) ?? new Register();
    registers.set(key, register);
    return register;
  };
  for (let index = 0; index < made.length; index++) {
    if (made.at(index, COMMIT.outcome) === OUTCOME.refused) continue;
    const register = registerOf(made.at(index, COMMIT.actor), made.at(index, COMMIT.partition));
    register?.add(index, made.at(index, COMMIT.offset), made.at(index, COMMIT.start), made.at(index, COMMIT.end));
  }
  for (let index = 0; index < fetched.length; index++) {
    const partition = fetched.at(index, FETCHED.partition);
    const register = registerOf(fetched.at(index, FETCHED.actor), partition);
    if (register === undefined) continue;
    tally.check(partition);
    const value = fetched.at(index, FETCHED.offset);
    const answered = fetched.at(index, FETCHED.answered);
    const newer = register.contradiction(value, fetched.at(index, FETCHED.asked), answered);
    if (newer < 0) continue;
    const expired = value < 0 && answered - made.at(newer, COMMIT.end) >= judged.contract.offsetsRetentionMs * 1e6;
    const standing: Standing = expired
      ? { kind: 'allowed', clause: CLAUSE.offsetsRetention(judged.contract.offsetsRetentionMs), fault: null }
      : judged.lossOfGroup(groups[groupOf[fetched.at(index, FETCHED.actor)]!]!, made.at(newer, COMMIT.end), answered);
    const example = () => {
      const commit = commitEvent(judged, commits, newer);
      const who = judged.evidence.actor(fetched.at(index, FETCHED.actor));
      const fetch = judged.evidence.event(answered, `${who} was told ${value < 0 ? 'that none is committed' : value}`);
      return judged.evidence.example(partition, -1, `${commit.text}; ${fetch.text}`, [commit, fetch], standing);
    };
    tally.settle(partition, standing, example);
  }
}

/** All commits of one group to one partition. */
class Register {
  readonly #commits: { index: number; offset: number; start: number; end: number }[] = [];
  #latest: { end: number; start: number; index: number }[] | undefined;

  add(index: number, offset: number, start: number, end: number): void {
    this.#commits.push({ index, offset, start, end });
    this.#latest = undefined;
  }

  /** The commit (its index) that the answer contradicts, -1 when the answer may be right. */
  contradiction(value: number, asked: number, answered: number): number {
    const newest = this.#newestBefore(asked);
    if (newest === undefined)
      return value < 0 || this.#mayStand(value, Number.NEGATIVE_INFINITY, answered) ? -1 : this.#any();
    return value >= 0 && this.#mayStand(value, newest.start, answered) ? -1 : newest.index;
  }

  /** A value stands if some commit of it was not over before the newest acknowledged one began. */
  #mayStand(value: number, newestStart: number, answered: number): boolean {
    if (this.#commits.length === 0) return true;
    const isOlderThanHistory = !Number.isFinite(newestStart) && !this.#commits.some(({ offset }) => offset === value);
    if (isOlderThanHistory) return true;
    return this.#commits.some(({ offset, start, end }) => offset === value && start <= answered && end >= newestStart);
  }

  /** Of the commits acknowledged before a moment, the one that began last. */
  #newestBefore(asked: number): { start: number; index: number } | undefined {
    if (this.#latest === undefined) {
      const acked = this.#commits.filter(({ end }) => Number.isFinite(end)).sort((a, b) => a.end - b.end);
      this.#latest = [];
      let newest: { start: number; index: number } | undefined;
      for (const { end, start, index } of acked) {
        if (newest === undefined || start > newest.start) newest = { start, index };
        this.#latest.push({ end, ...newest });
      }
    }
    let low = 0;
    let high = this.#latest.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#latest[middle]!.end < asked) low = middle + 1;
      else high = middle;
    }
    return this.#latest[low - 1];
  }

  #any(): number {
    return this.#commits[0]!.index;
  }
}

/**
 * C3: everything below a group's committed offset was processed by some member, from where its first member began.
 * What an offset reset passed over is allowed by that setting; what the application sought past is its own choice.
 */
export function judgeAtLeastOnce(judged: Case, commits: Commits, tally: Tally): void {
  const { groupOf, names: groupNames } = groupsOf(judged.names);
  const partitions = judged.names.partitions.length;
  const begin = new Map<number, number>();
  const committed = new Map<number, number>();
  const covered = new Map<number, Span[]>();
  const { assigned, processed, skipped } = judged.sessions;
  const keyOf = (actor: number, partition: number) =>
    groupOf[actor]! < 0 ? -1 : groupOf[actor]! * partitions + partition;
  for (let index = 0; index < assigned.length; index++) {
    const key = keyOf(assigned.at(index, ASSIGNED.actor), assigned.at(index, ASSIGNED.partition));
    const position = assigned.at(index, ASSIGNED.position);
    begin.set(key, Math.min(begin.get(key) ?? position, position));
  }
  const { made } = commits;
  for (let index = 0; index < made.length; index++) {
    if (made.at(index, COMMIT.outcome) !== OUTCOME.acked) continue;
    const key = keyOf(made.at(index, COMMIT.actor), made.at(index, COMMIT.partition));
    committed.set(key, Math.max(committed.get(key) ?? 0, made.at(index, COMMIT.offset)));
  }
  const cover = (key: number, span: Span) => {
    const spans = covered.get(key);
    if (spans === undefined) covered.set(key, [span]);
    else spans.push(span);
  };
  for (let index = 0; index < processed.length; index++) {
    const key = keyOf(processed.at(index, PROCESSED.actor), processed.at(index, PROCESSED.partition));
    cover(key, { from: processed.at(index, PROCESSED.from), to: processed.at(index, PROCESSED.to), byReset: false });
  }
  for (let index = 0; index < skipped.length; index++) {
    const key = keyOf(skipped.at(index, SKIPPED.actor), skipped.at(index, SKIPPED.partition));
    cover(key, {
      from: skipped.at(index, SKIPPED.from),
      to: skipped.at(index, SKIPPED.to),
      byReset: skipped.at(index, SKIPPED.byReset) === 1,
    });
  }
  for (const [key, offset] of [...committed].sort((a, b) => a[0] - b[0])) {
    const from = begin.get(key);
    if (key < 0 || from === undefined) continue;
    const partition = key % partitions;
    const group = groupNames[Math.floor(key / partitions)]!;
    tally.check(partition);
    const spans = covered.get(key) ?? [];
    const hole = firstHole(spans, from, offset);
    if (hole !== null) {
      const sentence = `group ${group} committed ${offset}; nobody processed offsets ${hole.from} to ${hole.to - 1}`;
      tally.fail(partition, () => judged.evidence.example(partition, hole.from, sentence, []));
      continue;
    }
    const unread = firstHole(
      spans.filter((span) => !span.byReset),
      from,
      offset,
    );
    if (unread === null) continue;
    const sentence = `group ${group} was reset past offsets ${unread.from} to ${unread.to - 1}`;
    tally.allow(partition, CLAUSE.offsetReset(), () => judged.evidence.example(partition, unread.from, sentence, []));
  }
}

interface Span {
  readonly from: number;
  readonly to: number;
  readonly byReset: boolean;
}

function firstHole(spans: readonly Span[], from: number, to: number): { from: number; to: number } | null {
  let reached = from;
  for (const span of [...spans].sort((a, b) => a.from - b.from)) {
    if (span.from > reached) break;
    reached = Math.max(reached, span.to);
  }
  if (reached >= to) return null;
  const next = spans.reduce((least, span) => (span.from > reached ? Math.min(least, span.from) : least), to);
  return { from: reached, to: next };
}

/**
 * C4: one owner per partition and generation, and no commit of an earlier generation once a later one has an owner. A
 * generation is written down before its members hear of it: a coordinator that has lost it counts from an older one.
 */
export function judgeOwnership(judged: Case, commits: Commits, tally: Tally): void {
  const { groupOf, names: groups } = groupsOf(judged.names);
  const partitions = judged.names.partitions.length;
  const owners = new Map<number, { generation: number; actor: number; time: number }[]>();
  const { assigned } = judged.sessions;
  for (let index = 0; index < assigned.length; index++) {
    const actor = assigned.at(index, ASSIGNED.actor);
    const generation = assigned.at(index, ASSIGNED.generation);
    if (groupOf[actor]! < 0 || generation < 0) continue;
    const partition = assigned.at(index, ASSIGNED.partition);
    const time = assigned.at(index, ASSIGNED.time);
    tally.check(partition);
    const key = groupOf[actor]! * partitions + partition;
    const list = owners.get(key) ?? [];
    owners.set(key, list);
    const other = list.find((owner) => owner.generation === generation && owner.actor !== actor);
    list.push({ generation, actor, time });
    if (other === undefined) continue;
    // Rows come in time order per actor only.
    const owned = [other, { actor, time }].sort((a, b) => a.time - b.time);
    tally.settle(partition, judged.lossOfGroup(groups[groupOf[actor]!]!, owned[0]!.time, owned[1]!.time), () => {
      const events = owned.map((owner) =>
        judged.evidence.event(owner.time, `${judged.evidence.actor(owner.actor)} assigned`),
      );
      const sentence = `generation ${generation} has two owners: ${events.map((event) => event.text).join(' and ')}`;
      return judged.evidence.example(partition, -1, sentence, events);
    });
  }
  const { made } = commits;
  for (let index = 0; index < made.length; index++) {
    const actor = made.at(index, COMMIT.actor);
    const generation = made.at(index, COMMIT.generation);
    if (groupOf[actor]! < 0 || generation < 0 || made.at(index, COMMIT.outcome) !== OUTCOME.acked) continue;
    const partition = made.at(index, COMMIT.partition);
    tally.check(partition);
    const list = owners.get(groupOf[actor]! * partitions + partition) ?? [];
    const start = made.at(index, COMMIT.start);
    const later = list.find((owner) => owner.generation > generation && owner.actor !== actor && owner.time < start);
    if (later === undefined) continue;
    tally.settle(
      partition,
      judged.lossOfGroup(groups[groupOf[actor]!]!, later.time, made.at(index, COMMIT.end)),
      () => {
        const commit = commitEvent(judged, commits, index);
        const owner = judged.evidence.event(later.time, `${judged.evidence.actor(later.actor)} assigned`);
        const sentence = `${owner.text} in generation ${later.generation}; ${commit.text} in generation ${generation} was accepted`;
        return judged.evidence.example(partition, -1, sentence, [owner, commit]);
      },
    );
  }
}

function commitEvent(judged: Case, commits: Commits, index: number): Witness {
  const { made } = commits;
  const who = judged.evidence.actor(made.at(index, COMMIT.actor));
  const isAcked = made.at(index, COMMIT.outcome) === OUTCOME.acked;
  const time = made.at(index, isAcked ? COMMIT.end : COMMIT.start);
  return judged.evidence.event(time, `${who} committed ${made.at(index, COMMIT.offset)}${isAcked ? ', acked' : ''}`);
}
