import { EVENT } from '../../workloads/history.ts';
import { AUDITOR, CONSUMER, PRODUCER, type Row, type Setting } from './scripted.ts';

/*
 * A model of a correct log: two producers, a group of two consumers and an auditor over two partitions. What it emits
 * must pass however the actors' rows interleave.
 */

export const PRODUCERS: readonly number[] = [0, 1];
export const AUDITOR_AT = 4;
export const SETTING: Setting = { roles: [PRODUCER, PRODUCER, CONSUMER, CONSUMER, AUDITOR], partitions: 2 };

export type Step =
  | { kind: 'send'; producer: number; partition: number; outcome: 'acked' | 'lost' | 'silent' | 'refused' }
  | { kind: 'poll'; partition: number; count: number }
  | { kind: 'commit'; partition: number; answered: boolean }
  | { kind: 'hand over'; partition: number };

export interface Execution {
  readonly rows: Row[];
  readonly logs: [number, number][][];
}

/** Its rows in time order, and what stands in each partition in the end. */
export function execute(steps: readonly Step[]): Execution {
  const rows: Row[] = [];
  const logs: [number, number][][] = [[], []];
  const next = [0, 0];
  const owner = [2, 3];
  const generation = [1, 1];
  const position = [0, 0];
  const stored = [-1, -1];
  let commits = 0;
  let t = 1;
  const assign = (partition: number) =>
    rows.push({
      kind: EVENT.assign,
      t,
      actor: owner[partition]!,
      partition,
      offset: position[partition]!,
      a: generation[partition]!,
    });
  assign(0);
  assign(1);
  const commitNow = (partition: number, answered: boolean) => {
    const row = { actor: owner[partition]!, partition, offset: position[partition]!, sequence: commits++ };
    rows.push({ kind: EVENT.commit, t: t++, ...row, a: generation[partition]! });
    if (answered) rows.push({ kind: EVENT.commitAck, t: t++, ...row });
    stored[partition] = position[partition]!;
  };
  for (const each of steps) {
    t += 1;
    if (each.kind === 'send') {
      const { producer, partition, outcome } = each;
      const sequence = next[producer]!++;
      const offset = logs[partition]!.length;
      rows.push({ kind: EVENT.send, t: t++, actor: producer, partition, sequence, a: t * 1e6, b: 10 });
      if (outcome === 'acked' || outcome === 'silent') logs[partition]!.push([producer, sequence]);
      if (outcome === 'acked') rows.push({ kind: EVENT.ack, t: t++, actor: producer, partition, offset, sequence });
      else {
        rows.push({
          kind: EVENT.fail,
          t: t++,
          actor: producer,
          partition,
          sequence,
          a: -1,
          b: outcome === 'refused' ? 1 : 0,
        });
      }
    } else if (each.kind === 'poll') {
      const { partition } = each;
      const actor = owner[partition]!;
      const end = Math.min(logs[partition]!.length, position[partition]! + each.count);
      for (let offset = position[partition]!; offset < end; offset++) {
        const [writer, sequence] = logs[partition]![offset]!;
        rows.push({ kind: EVENT.read, t, actor, partition, offset, sequence, a: writer, b: 0 });
      }
      position[partition] = end;
      rows.push({ kind: EVENT.processed, t: t++, actor, partition, offset: end });
    } else if (each.kind === 'commit') commitNow(each.partition, each.answered);
    else {
      const { partition } = each;
      rows.push({ kind: EVENT.revoke, t: t++, actor: owner[partition]!, partition, a: generation[partition]!, b: 0 });
      owner[partition] = owner[partition] === 2 ? 3 : 2;
      generation[partition]! += 1;
      t += 1;
      rows.push({
        kind: EVENT.committed,
        t,
        actor: owner[partition]!,
        partition,
        offset: stored[partition]!,
        a: (t - 0.5) * 1e6,
      });
      position[partition] = Math.max(0, stored[partition]!);
      assign(partition);
    }
  }
  // The last word of each story: a record and a commit that nothing can excuse or hide.
  for (const partition of [0, 1]) {
    const sequence = next[0]!++;
    rows.push({ kind: EVENT.send, t: t++, actor: 0, partition, sequence, a: t * 1e6, b: 10 });
    rows.push({ kind: EVENT.ack, t: t++, actor: 0, partition, offset: logs[partition]!.length, sequence });
    logs[partition]!.push([0, sequence]);
  }
  // The drain: the group reads what is left.
  for (const partition of [0, 1]) {
    const log = logs[partition]!;
    const actor = owner[partition]!;
    for (let offset = position[partition]!; offset < log.length; offset++) {
      const [writer, sequence] = log[offset]!;
      rows.push({ kind: EVENT.read, t, actor, partition, offset, sequence, a: writer, b: 0 });
    }
    rows.push({ kind: EVENT.processed, t: t++, actor, partition, offset: log.length });
  }
  t += 10;
  for (const partition of [0, 1]) {
    const log = logs[partition]!;
    rows.push({ kind: EVENT.logEnd, t, actor: AUDITOR_AT, partition, offset: log.length, a: 0 });
    rows.push({ kind: EVENT.assign, t, actor: AUDITOR_AT, partition, offset: 0 });
    log.forEach(([writer, sequence], offset) => {
      rows.push({ kind: EVENT.read, t: t + 1, actor: AUDITOR_AT, partition, offset, sequence, a: writer, b: 0 });
    });
  }
  return { rows, logs };
}

/** Any interleaving that keeps each actor's own order, drawn by the numbers. */
export function interleave(rows: readonly Row[], draws: readonly number[]): Row[] {
  const queues = [0, 1, 2, 3, 4].map((actor) => rows.filter((row) => row.actor === actor));
  const merged: Row[] = [];
  for (let draw = 0; merged.length < rows.length; draw++) {
    const waiting = queues.filter((queue) => queue.length > 0);
    merged.push(waiting[(draws[draw % draws.length]! + draw) % waiting.length]!.shift()!);
  }
  return merged;
}
