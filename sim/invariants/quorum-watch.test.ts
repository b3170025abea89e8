import { expect, test } from 'vitest';
import type { Quorum } from '../../core/quorum/quorum.ts';
import { QuorumWatch } from './quorum-watch.ts';

/** Looks at nodes, each: its id, the epoch that it leads in or null, its high watermark, its log end. */
type Look = readonly [id: number, leads: number | null, highWatermark: number, logEndOffset: number];

function watched(forgetful: boolean, ...looks: readonly Look[]): { watch: QuorumWatch; violated: string[] } {
  const violated: string[] = [];
  let nowNs = 0;
  const findings = { checked() {}, violated: (rule: string) => violated.push(rule) };
  const watch = new QuorumWatch(
    findings as never,
    () => forgetful,
    () => nowNs,
  );
  for (const [id, leads, highWatermark, logEndOffset] of looks) {
    nowNs++;
    const leader = { id: leads === null ? -1 : id, epoch: leads ?? 0 };
    watch.look(id, { leader, highWatermark, logEndOffset } as Quorum);
  }
  return { watch, violated };
}

test('a leader whose log ends before what was committed has lost it, and since when it was committed', () => {
  const { watch, violated } = watched(false, [1, 1, 0, 4], [1, 1, 4, 4], [2, null, 6, 6], [3, 2, 4, 5]);
  expect(violated).toEqual(['P9']);
  expect(watch.losses).toEqual([{ timeNs: 4, sinceNs: 3, node: 3, end: 5, committed: 6, reusesEpoch: false }]);
});

test('what was lost once is not lost again, and what is committed then can be', () => {
  const loss: Look[] = [
    [1, 1, 6, 6],
    [2, 2, 4, 4],
  ];
  expect(watched(false, ...loss, [3, 3, 4, 4]).watch.losses).toHaveLength(1);
  const { watch } = watched(false, ...loss, [2, 2, 7, 7], [3, 3, 4, 5]);
  expect(watch.losses.at(-1)).toMatchObject({ timeNs: 4, sinceNs: 3, end: 5, committed: 7 });
});

test('an election that is over is heard of late, save where voters forget', () => {
  const late: Look[] = [
    [1, 2, 6, 6],
    [2, 1, 4, 4],
  ];
  expect(watched(false, ...late)).toMatchObject({ violated: [], watch: { losses: [] } });
  expect(watched(true, ...late)).toMatchObject({ violated: ['P9'], watch: { losses: [{ end: 4, committed: 6 }] } });
});

test('two leaders of one epoch are a violation, save where voters forget; their logs cannot be told apart', () => {
  const twice: Look[] = [
    [1, 1, 6, 6],
    [2, 1, 0, 0],
  ];
  expect(watched(false, [1, 1, 0, 0], [2, 1, 0, 0]).violated).toEqual(['P8']);
  expect(watched(true, ...twice)).toMatchObject({ violated: ['P9'], watch: { losses: [{ reusesEpoch: true }] } });
});
