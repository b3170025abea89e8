import { describe, expect, test } from 'vitest';
import { GAP } from '../../workloads/history.ts';
import type { LoggedFault } from './faults.ts';
import { assign, audit, fault, gap, log, logEnd, read, ruleOf, SINGLE, verdictOf, written } from './scripted.ts';

describe('damaged bytes', () => {
  const flip = fault('bit-flip', [1], 50, 50);
  const flipIn = (directory: string): LoggedFault => ({
    ...flip,
    files: [`/data/${directory}/00000000000000000000.log`],
  });
  const start = [...written(4), logEnd(100, 3, 4), assign(100, 3, 0)];
  const p1 = (rows: Parameters<typeof verdictOf>[1], ...faults: LoggedFault[]) =>
    ruleOf(verdictOf({ ...SINGLE, faults }, rows), 'P1');

  test('excuse no hole with survivors behind it', () => {
    const hole = [read(101, 3, 0, 0, 0), gap(101, 3, 1, 3), read(101, 3, 3, 0, 3)];
    expect(p1([...start, ...hole], flip)).toMatchObject({ result: 'fail', excused: 0 });
  });

  test.each([
    ['recovery cut them', [...written(4), ...audit(100, 3, log(3))], 'storage-lost'],
    [
      'readers were refused them',
      [...start, ...log(3).map(([, at]) => read(101, 3, at, 0, at)), gap(101, 3, 3, 4, GAP.corrupt)],
      'damaged',
    ],
  ])('excuse only what was in the file that they were in: %s', (_, rows, clause) => {
    for (const met of [flip, flipIn('orders-0')]) expect(p1(rows, met)).toMatchObject({ result: 'allowed', clause });
    for (const other of ['orders-1', 'orders-01', '__consumer_offsets-0', '__cluster_metadata-0']) {
      expect(p1(rows, flipIn(other)).result, other).toBe('fail');
    }
  });
});
