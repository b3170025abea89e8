import { describe, expect, test } from 'vitest';
import { type Figure, judge, type Target } from './figure.ts';
import { cpuSecondsOf, statusBytes } from './process-usage.ts';
import { pairedRatio } from './statistics.ts';

const measured = (ours: number, theirs: number): Figure['peer'] => ({
  kind: 'measured',
  name: 'Kafka',
  value: theirs,
  ratio: pairedRatio([ours], [theirs]),
});

describe('targets', () => {
  const faster: Target = { of: 'ratio', relation: '≥', limit: 1.2 };
  const small: Target = { of: 'value', relation: '≤', limit: 200 };

  test('of the ratio to the peer of this run', () => {
    expect(judge({ ours: 120, peer: measured(120, 100), target: faster })).toBe('met');
    expect(judge({ ours: 119, peer: measured(119, 100), target: faster })).toBe('missed');
  });

  test('of the figure itself, with or without a peer', () => {
    expect(judge({ ours: 200, peer: { kind: 'none' }, target: small })).toBe('met');
    expect(judge({ ours: 201, peer: measured(201, 1000), target: small })).toBe('missed');
  });

  test('are open without a peer to compare with, without a figure and without a target', () => {
    expect(judge({ ours: 120, peer: { kind: 'none' }, target: faster })).toBe('open');
    expect(judge({ ours: Number.NaN, peer: { kind: 'none' }, target: small })).toBe('open');
    expect(judge({ ours: 1, peer: { kind: 'none' }, target: null })).toBe('open');
  });
});

describe('/proc', () => {
  test('CPU time counts user and system ticks behind a name with blanks and brackets', () => {
    const stat = '42 (my (odd) name) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 7 7 20 0 11 0 100 1000 200';
    expect(cpuSecondsOf(stat)).toBe(3);
  });

  test('memory lines are kilobytes, 0 when the process is gone', () => {
    expect(statusBytes('VmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n', 'VmRSS')).toBe(1024 * 1024);
    expect(statusBytes('', 'VmRSS')).toBe(0);
  });
});
