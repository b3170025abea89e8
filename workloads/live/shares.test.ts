import { describe, expect, test } from 'vitest';
import { rosterOf } from '../actors/roster.ts';
import { parseWorkload } from '../parse.ts';
import { sharesOf } from './shares.ts';

function threads(rate: string, { size = '100B', groups = 1, driver = 'faultline', cores = 4 } = {}): number[][] {
  const text = `target: kafka
bootstrap: ['localhost:9092']
client: { driver: ${driver} }
topics: [{ name: t }]
producers: [{ topic: t, count: 3, rate: ${rate}, value: ${size} }]
consumers: [{ topic: t, count: 2, groups: ${groups} }]
`;
  const parsed = parseWorkload(text, { file: 'w.yaml' });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  return sharesOf(parsed.workload, rosterOf(parsed.workload), cores);
}

describe('the seats of a load', () => {
  test('share one thread as long as it has room to spare', () => {
    expect(threads('1000/s')).toEqual([[0, 1, 2, 3, 4]]);
    expect(threads('200_000/s')).toHaveLength(1);
    expect(threads('300_000/s')).toHaveLength(2);
  });

  test('what is read counts as what is sent does, large records more, and another library sooner', () => {
    expect(threads('150_000/s', { groups: 9 })).toHaveLength(4);
    expect(threads('200_000/s', { size: '1KiB' })).toHaveLength(2);
    expect(threads('80_000/s', { driver: 'kafkajs' })).toHaveLength(2);
  });

  test('take all cores, and not more, where the clients set the pace', () => {
    expect(threads('max')).toEqual([[0, 4], [1], [2], [3]]);
    expect(threads('max', { cores: 2 })).toEqual([
      [0, 2, 4],
      [1, 3],
    ]);
    expect(threads('max', { cores: 16 })).toHaveLength(5);
  });
});
