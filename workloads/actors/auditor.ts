import { EVENT, GAP } from '../history.ts';
import type { Envelope } from '../load/envelope.ts';
import { gapReason, readCarried } from './consumer-actor.ts';
import type { ConsumerDriver, Driver, LogBounds, PolledBatch, TopicPartition } from './driver.ts';
import type { Environment } from './environment.ts';

export interface AuditEnd {
  readonly complete: boolean;
  readonly reason: string | null;
  readonly records: number;
  /** By partition index; null where nobody answered. */
  readonly bounds: readonly (LogBounds | null)[];
}

const ASK_MS = 2000;
const POLL_MS = 100;
/** How often a partition is tried before its bytes are called unreadable. */
const TRIES = 3;

/**
 * Reads every partition from log start to log end after the load has stopped and every fault is healed, and asks what
 * each group has committed. What it finds decides whether an acknowledged record was lost. A partition that nobody tells
 * the end of is left out, and the audit is not complete: of the others it says what there is. Ends when nothing has come
 * for `stallMs`: how long the whole takes depends on how much was written.
 */
export async function audit(environment: Environment, stallMs: number): Promise<AuditEnd> {
  const { roster, history, driver } = environment;
  const { actor } = roster.auditor;
  let deadlineNs = environment.now() + stallMs * 1e6;
  const admin = driver.admin('auditor');
  const partitions = roster.names.partitions;
  let reader: ConsumerDriver | null = null;
  let records = 0;
  const bounds: (LogBounds | null)[] = partitions.map(() => null);
  try {
    await askBounds(environment, bounds, deadlineNs, (wanted) => admin.logBounds(wanted, 'read_uncommitted', ASK_MS));
    const silent = partitions.filter((_, index) => bounds[index] === null);
    if (silent.length > 0) {
      if (silent.length === partitions.length) return { complete: false, reason: silence(silent), records, bounds };
      // The wait for those took all the time that there was.
      deadlineNs = environment.now() + stallMs * 1e6;
    }
    const ends = bounds.map((bound) => bound?.end ?? -1);
    const positions = bounds.map((bound) => bound?.start ?? 0);
    let open = 0;
    let alone = false;
    let failures = 0;
    bounds.forEach((bound, index) => {
      if (bound === null) return;
      history.write(EVENT.logEnd, environment.now(), actor, index, bound.end, -1, bound.start, -1);
      history.write(EVENT.assign, environment.now(), actor, index, bound.start, -1, -1, -1);
      if (bound.end > bound.start) open++;
    });
    const toRead = partitions.filter((_, index) => positions[index]! < ends[index]!);
    if (open > 0) {
      reader = auditReader(driver, toRead);
      await reader.start();
    }
    const envelope: Envelope = { writer: 0, sequence: 0, intendedNs: 0 };
    while (open > 0) {
      if (environment.now() >= deadlineNs) {
        const index = nextOf(positions, ends);
        const { topic, partition } = partitions[index]!;
        const reason = `the audit stood at offset ${positions[index]} of ${ends[index]} in ${topic}-${partition}`;
        return { complete: false, reason, records, bounds };
      }
      let batches: readonly PolledBatch[];
      try {
        batches = await reader!.poll(POLL_MS);
      } catch (error) {
        // Something is there that cannot be read. Alone each partition shows whether it is the one.
        const at = nextOf(positions, ends);
        if (!alone) alone = true;
        else if (++failures >= TRIES) {
          const { topic, partition } = partitions[at]!;
          const message = error instanceof Error ? error.message : String(error);
          environment.problem(`the auditor cannot read ${topic}-${partition} from ${positions[at]} on: ${message}`);
          const end = ends[at]!;
          history.write(EVENT.gap, environment.now(), actor, at, positions[at]!, -1, end, GAP.corrupt);
          positions[at] = end;
          open--;
          failures = 0;
        }
        await reader!.close(ASK_MS);
        reader = open === 0 ? null : await readFrom(environment, ends, positions);
        continue;
      }
      for (const batch of batches) {
        const index = roster.partitionIndex(batch.topic, batch.partition);
        const nowNs = environment.now();
        for (const gap of batch.gaps) {
          history.write(EVENT.gap, nowNs, actor, index, gap.from, -1, gap.to, gapReason(gap));
        }
        while (batch.next()) {
          records++;
          const known = readCarried(batch, environment.run, envelope);
          const writer = known ? envelope.writer : -1;
          const sequence = known ? envelope.sequence : -1;
          history.write(EVENT.read, nowNs, actor, index, batch.offset, sequence, writer, batch.leaderEpoch);
        }
        const end = ends[index]!;
        const isLast = positions[index]! < end && batch.toOffset >= end;
        if (batch.toOffset > positions[index]!) {
          positions[index] = batch.toOffset;
          failures = 0;
          deadlineNs = nowNs + stallMs * 1e6;
        }
        if (!isLast) continue;
        open--;
        if (!alone) continue;
        await reader!.close(ASK_MS);
        reader = open === 0 ? null : await readFrom(environment, ends, positions);
        break;
      }
    }
    await auditGroups(environment, deadlineNs);
    if (silent.length > 0) return { complete: false, reason: silence(silent), records, bounds };
    return { complete: true, reason: null, records, bounds };
  } finally {
    await reader?.close(ASK_MS);
    await admin.close();
    history.flush();
  }
}

function silence(partitions: readonly TopicPartition[]): string {
  const { topic, partition } = partitions[0]!;
  const others = partitions.length === 1 ? '' : `, nor of ${partitions.length - 1} more`;
  return `nobody told where ${topic}-${partition} ends${others}`;
}

/** The first partition that is not read to its end; -1 when all are. */
function nextOf(positions: readonly number[], ends: readonly number[]): number {
  return positions.findIndex((position, index) => position < ends[index]!);
}

/** A reader of the first partition that is not read to its end, from its start: what comes twice is seen twice. */
async function readFrom(
  { driver, roster }: Environment,
  ends: readonly number[],
  positions: readonly number[],
): Promise<ConsumerDriver> {
  const at = nextOf(positions, ends);
  const reader = auditReader(driver, [roster.names.partitions[at]!]);
  await reader.start();
  return reader;
}

function auditReader(driver: Driver, partitions: readonly TopicPartition[]): ConsumerDriver {
  return driver.consumer(
    'auditor',
    { group: null, topics: [], partitions },
    { 'auto.offset.reset': 'earliest', 'max.poll.records': '100000', 'enable.auto.commit': 'false' },
    { assigned: () => {}, revoked: () => Promise.resolve(), lost: () => {} },
  );
}

/** Asks for all bounds at once, again for those that had no answer, until all are known or the time is over. */
async function askBounds(
  environment: Environment,
  bounds: (LogBounds | null)[],
  deadlineNs: number,
  ask: (wanted: readonly TopicPartition[]) => Promise<readonly (LogBounds | null)[]>,
): Promise<void> {
  for (;;) {
    const missing = bounds.flatMap((bound, index) => (bound === null ? [index] : []));
    if (missing.length === 0) return;
    const answers = await ask(missing.map((index) => environment.roster.names.partitions[index]!));
    missing.forEach((index, position) => {
      bounds[index] = answers[position] ?? null;
    });
    if (environment.now() >= deadlineNs) return;
    if (answers.some((answer) => answer === null)) await environment.runtime.timers.sleep(100);
  }
}

/** What each group has committed in the end, written as seen by its first member. */
async function auditGroups(environment: Environment, deadlineNs: number): Promise<void> {
  const { roster, history, driver } = environment;
  const admin = driver.admin('auditor-groups');
  const asked = new Set<string>();
  try {
    for (const seat of roster.consumers) {
      if (seat.group === null || asked.has(seat.group)) continue;
      asked.add(seat.group);
      const partitions = roster.names.partitions.filter(({ topic }) => seat.topics.includes(topic));
      const askedNs = environment.now();
      const leftMs = Math.min(ASK_MS, (deadlineNs - askedNs) / 1e6);
      if (leftMs <= 0) return;
      const offsets = await admin.committed(seat.group, partitions, leftMs);
      if (offsets === null) continue;
      const nowNs = environment.now();
      partitions.forEach(({ topic, partition }, position) => {
        const index = roster.partitionIndex(topic, partition);
        history.write(EVENT.committed, nowNs, seat.actor, index, offsets[position]!, -1, askedNs, -1);
      });
    }
  } finally {
    await admin.close();
  }
}
