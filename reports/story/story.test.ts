import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { renderReport } from '../html.ts';
import { syntheticRecord } from '../synthetic-record.ts';
import { storyOfRecord } from './of-record.ts';
import type { Facts, Story } from './story.ts';
import { renderStorySvg } from './svg.ts';
import { tell } from './tell.ts';
import { storyText } from './terminal.ts';

const SECOND = 1e9;

/** A record on two brokers: the leader loses power, the other is made leader without having copied it. */
const FACTS: Facts = {
  rule: 'P1',
  result: 'fail',
  finding: 'FAIL P1 acked-durable orders-3: 1 of 48,211 acknowledged records lost; replay: bench replay x',
  clause: null,
  example: {
    partition: 'orders-3',
    sentence: 'producer-7 seq 436 offset 1114 acks=all',
    events: [{ timeNs: 9 * SECOND, text: 'read past by auditor t=9.000s' }],
    around: [],
    offset: 1114,
    record: { writer: 'producer-7', sequence: 436 },
  },
  // Not in order: one actor's rows come after the other's.
  rows: [
    row('logEnd', 9 * SECOND, 'auditor', 1114),
    row('ack', 1.2 * SECOND, 'producer-7', 1114),
    row('send', 1 * SECOND, 'producer-7', -1),
  ],
  replicas: [
    { timeNs: 1.1 * SECOND, broker: 2, kind: 'holds', epoch: 5, logEnd: 1115, leading: true, tornBytes: 0 },
    { timeNs: 2 * SECOND, broker: 2, kind: 'gone', epoch: 5, logEnd: 1115, leading: false, tornBytes: 0 },
    { timeNs: 5 * SECOND, broker: 2, kind: 'back', epoch: -1, logEnd: 1110, leading: false, tornBytes: 512 },
  ],
  control: [
    { timeNs: 0, partition: 3, leader: 2, leaderEpoch: 5, isr: [1, 2], unclean: false },
    { timeNs: 3 * SECOND, partition: 3, leader: 1, leaderEpoch: 6, isr: [1], unclean: true },
  ],
  faults: [
    {
      id: 'f1',
      kind: 'power-loss',
      target: 'broker 2',
      brokers: [2],
      atNs: 2 * SECOND,
      untilNs: 5 * SECOND,
      confirmed: true,
    },
  ],
  replay: 'bench replay x',
  source: 'trace',
};

function row(kind: 'send' | 'ack' | 'logEnd', timeNs: number, actor: string, offset: number): Facts['rows'][number] {
  return { kind, timeNs, actor, offset, isWitness: kind !== 'logEnd', record: `${actor} seq 436`, epoch: -1 };
}

describe('a story', () => {
  const story = tell(FACTS);

  test('is told in time order, from sending to the reader that passes by', () => {
    expect(story.moments.map(({ kind }) => kind)).toEqual(['send', 'append', 'ack', 'fault', 'loss', 'loss', 'loss']);
    expect(story.witness).toBe('producer-7 seq 436 at offset 1114');
  });

  test('says where it was lost: the first election without the record, not what came of it', () => {
    expect(story.point).toBe('broker 1 was made leader in epoch 6 without the record, which broker 2 still held');
    const alone = tell({ ...FACTS, control: FACTS.control.slice(0, 1) });
    expect(alone.point).toBe(
      'broker 2 came back with log end 1110; recovery cut a torn tail of 512 bytes after the power loss, and the record was gone',
    );
  });

  test('what no log held was acknowledged in vain', () => {
    expect(tell({ ...FACTS, replicas: FACTS.replicas.slice(1) }).point).toBe(
      'no log ever held the record: broker 2 acknowledged what it had not written',
    );
  });

  test('faults that took no effect, and those of long before, are no part of it', () => {
    const [fault] = FACTS.faults;
    const unfelt = tell({ ...FACTS, faults: [{ ...fault!, confirmed: false }] });
    expect(unfelt.bands.filter(({ kind }) => kind === 'fault')).toEqual([]);
    const old = tell({ ...FACTS, faults: [{ ...fault!, atNs: 0, untilNs: 1000 }] });
    expect(old.bands.filter(({ kind }) => kind === 'fault')).toEqual([]);
  });
});

describe('in a terminal', () => {
  const story = tell(FACTS);

  test.each([60, 80, 100])('%i columns hold every line but the command', (columns) => {
    const lines = storyText(story, { color: false, columns }).split('\n');
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(columns);
  });

  test('colour only says again what shapes say', () => {
    const plain = storyText(story, { color: false, columns: 100 });
    expect(plain).not.toContain('\u001b');
    const colored = storyText(story, { color: true, columns: 100 });
    expect(colored).toContain('\u001b[');
    expect(stripVTControlCharacters(colored)).toBe(plain);
    expect(plain).toContain('✗');
  });
});

describe('as a picture', () => {
  const hostile: Story = tell({
    ...FACTS,
    example: { ...FACTS.example!, record: { writer: '<script>"&', sequence: 1 } },
    rows: FACTS.rows.map((each) => ({ ...each, actor: each.actor === 'auditor' ? 'auditor' : '<script>"&' })),
  });

  test('it asks nothing of anybody, and names from outside are text', () => {
    for (const theme of ['light', 'dark', 'page'] as const) {
      const svg = renderStorySvg(hostile, { theme });
      expect(svg).not.toContain('<script');
      expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|NaN|undefined|Infinity/);
      expect(svg.match(/<svg/g)).toHaveLength(1);
    }
    expect(renderStorySvg(hostile, { theme: 'page' })).toContain('var(--chart-vermilion)');
  });

  test('the report has it, told from the record alone where there is no trace', async () => {
    const record = syntheticRecord('fail');
    expect(storyOfRecord(record)).toMatchObject({ source: 'history', result: 'fail' });
    expect(await renderReport(record)).toContain('<h2>What happened</h2>');
    const traced = await renderReport({ ...record, story: tell(FACTS) });
    expect(traced).toContain('without the record, which broker 2 still held');
    const { story: _none, ...passed } = syntheticRecord('pass');
    expect(storyOfRecord(passed)).toBeNull();
    expect(await renderReport(passed)).not.toContain('What happened');
  });
});
