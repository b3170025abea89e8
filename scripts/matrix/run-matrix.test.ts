import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { axisName, matrixMarkdown, matrixText, renderMatrix } from '../../reports/matrix.ts';
import { syntheticRecord } from '../../reports/synthetic-record.ts';
import { matrixCells } from '../../workloads/matrix.ts';
import { parseWorkload } from '../../workloads/parse.ts';
import { type MatrixPlan, runMatrix } from './run-matrix.ts';

const scratch = mkdtempSync(join(tmpdir(), 'matrix-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const AXES = [
  { path: 'producers[0].client.linger.ms', values: ['0', '5'] },
  { path: 'topics[0].partitions', values: ['1', '6', '12'] },
];
const record = syntheticRecord('pass');

function plan(name: string, change: Partial<MatrixPlan> = {}): MatrixPlan {
  return {
    workload: 'orders',
    target: 'sim',
    axes: AXES,
    hash: 'a',
    ledger: join(scratch, `${name}.ndjson`),
    resume: false,
    startedAt: '2026-11-25T07:00:00.000Z',
    signal: new AbortController().signal,
    run: async ({ index }) => ({ ...record, exit: 0, id: `run-${index}` }),
    onCell: () => {},
    ...change,
  };
}

describe('a matrix of runs', () => {
  test('every combination once, the first axis slowest, and the worst exit code', async () => {
    expect(matrixCells(AXES).map(({ set }) => set.join(' '))).toEqual([
      'producers[0].client.linger.ms=0 topics[0].partitions=1',
      'producers[0].client.linger.ms=0 topics[0].partitions=6',
      'producers[0].client.linger.ms=0 topics[0].partitions=12',
      'producers[0].client.linger.ms=5 topics[0].partitions=1',
      'producers[0].client.linger.ms=5 topics[0].partitions=6',
      'producers[0].client.linger.ms=5 topics[0].partitions=12',
    ]);
    const result = await runMatrix(
      plan('all', { run: async ({ index }) => ({ ...record, exit: index === 4 ? 22 : 0 }) }),
    );
    expect(result.cells.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(result.exit).toBe(22);
  });

  test('after an interruption only what is missing runs, a line that was cut off included', async () => {
    const abort = new AbortController();
    const ran: number[] = [];
    const run: MatrixPlan['run'] = async ({ index }) => {
      ran.push(index);
      if (index === 3) abort.abort();
      return { ...record, status: index === 3 ? { kind: 'interrupted' } : { kind: 'completed' } };
    };
    const first = await runMatrix(plan('resumed', { run, signal: abort.signal }));
    expect(first).toMatchObject({ planned: 6, exit: 25 });
    expect(first.cells).toHaveLength(3);
    const ledger = join(scratch, 'resumed.ndjson');
    writeFileSync(ledger, readFileSync(ledger, 'utf8').slice(0, -20));
    ran.length = 0;
    const again = {
      run: async ({ index }: { index: number }) => ({ ...record, exit: 0 as const, id: `again-${ran.push(index)}` }),
    };
    expect((await runMatrix(plan('resumed', { ...again, resume: true }))).cells).toHaveLength(6);
    expect(ran).toEqual([2, 3, 4, 5]);
    await expect(runMatrix(plan('resumed', { ...again, resume: true, hash: 'b' }))).rejects.toThrow('another file');
    ran.length = 0;
    await runMatrix(plan('resumed', { ...again, resume: true }));
    expect(ran).toEqual([]);
    await runMatrix(plan('resumed', again));
    expect(ran).toHaveLength(6);
  });

  test('a run that fails ends the plan, with its reason', async () => {
    const run: MatrixPlan['run'] = () => Promise.reject(new Error('no leader'));
    await expect(runMatrix(plan('failed', { run }))).rejects.toThrow('no leader');
  });

  test('one table, and a page with each figure as a heat map or a line', async () => {
    const result = await runMatrix(plan('page'));
    const [head, row] = matrixText(result).split('\n');
    expect(head).toMatch(/^linger\.ms +topics\.partitions +acked\/s/);
    expect(row).toMatch(/^0 +1 .*pass +0$/);
    expect(matrixMarkdown(result).split('\n')).toHaveLength(9);
    const page = await renderMatrix(result);
    expect(page.match(/<svg/g)!.length).toBe(page.match(/<h2>/g)!.length * 2 - 2);
    expect(page).not.toContain('were not run');
    const line = await renderMatrix({
      ...result,
      axes: [AXES[1]!],
      cells: result.cells.slice(0, 2).map((cell, index) => ({ ...cell, values: [AXES[1]!.values[index]!] })),
    });
    expect(line).toContain('4 of 6 combinations were not run');
    expect(axisName('producers[1].client.acks')).toBe('acks');
    expect(axisName('topics[1].partitions')).toBe('topics[1].partitions');
  });
});

describe('matrix in a workload file', () => {
  const FILE = 'topics: [{ name: t }]\nproducers: [{ topic: t, rate: 5/s }]\nmatrix:\n';
  const read = (matrix: string) => parseWorkload(`${FILE}${matrix}`, { file: 'm.yaml' });

  test('values are what --set takes; the workload is the one without it', () => {
    const parsed = read('  topics[0].partitions: [1, 6]\n  producers[0].keys: [none, { distribution: zipf }]\n');
    expect(parsed).toMatchObject({
      ok: true,
      matrix: [
        { path: 'topics[0].partitions', values: ['1', '6'] },
        { path: 'producers[0].keys', values: ['none', '{"distribution":"zipf"}'] },
      ],
    });
    const plain = parseWorkload(FILE.replace('matrix:\n', ''), { file: 'm.yaml' });
    if (!parsed.ok || !plain.ok) throw new Error('refused');
    expect(parsed.workload).toEqual(plain.workload);
  });

  test.each([
    ['  target: [sim]\n', 'is no axis'],
    ['  topics[0]..x: [1]\n', 'is no axis'],
    ['  topics[0].partitions: 3\n', 'a list of values'],
    ['  topics[0].partitions: []\n', 'a list of values'],
    ['  topics[0].partitions: [3, 3]\n', 'twice'],
    [
      `  a.b: [${Array.from({ length: 40 }, (_, n) => n)}]\n  c: [${Array.from({ length: 40 }, (_, n) => n)}]\n`,
      '1600 combinations',
    ],
  ])('%s is refused', (matrix, message) => {
    const parsed = read(matrix);
    expect(parsed.ok).toBe(false);
    expect(JSON.stringify(parsed)).toContain(message);
  });
});
