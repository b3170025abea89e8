import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import type { Story } from '../../reports/story/story.ts';
import { storyText } from '../../reports/story/terminal.ts';
import { simulateHere } from '../../scripts/simulate.ts';
import { storyOfPlan } from '../../scripts/story.ts';
import { rosterOf } from '../../workloads/actors/roster.ts';
import { Journal } from '../journal.ts';
import { mutants, mutantWorkload } from '../mutants/index.ts';
import { drawPlan, type Plan } from '../plan.ts';
import type { Regression } from '../regressions/regression.ts';

// Seconds at most, on a machine of its own; this bound is for a busy one.
vi.setConfig({ testTimeout: 120_000 });

function planted(name: string, seed: number): Plan {
  const mutant = mutants.find((each) => each.name === name)!;
  return drawPlan(mutantWorkload(mutant.workload, seed), mutant.mutation);
}

/** Of the first seed under which the planted bug costs a record: which one that is changes with the code around it. */
async function firstTold(name: string): Promise<{ story: Story; text: string }> {
  for (let seed = 1; seed <= 8; seed++) {
    const { story } = await storyOfPlan({ plan: planted(name, seed), replay: 'bench replay planted.json', rule: 'P1' });
    if (story !== null) return asText(story);
  }
  throw new Error(`${name} broke nothing in eight seeds`);
}

async function toldOf(plan: Plan): Promise<{ story: Story; text: string }> {
  const { story } = await storyOfPlan({ plan, replay: 'bench replay planted.json' });
  return asText(story!);
}

function asText(story: Story): { story: Story; text: string } {
  return { story, text: storyText(story, { color: false, columns: 100 }).replaceAll(/\s+/g, ' ') };
}

function regression(name: string): Regression {
  return JSON.parse(readFileSync(new URL(`../regressions/${name}.json`, import.meta.url), 'utf8')) as Regression;
}

test('ack-before-write: the story names the record, its leader, where it was lost and the rule', async () => {
  const { story, text } = await firstTold('ack-before-write');
  expect(story).toMatchObject({ rule: 'P1', result: 'fail', source: 'trace' });
  // The record and its offset, from the verdict's own witness.
  const [, record = '', offset = ''] = /^(.+) at offset (\d+)$/.exec(story.witness ?? '') ?? [];
  expect(record).toMatch(/^producer-\S+ seq \d+$/);
  expect(text).toContain(`The life of ${record} at offset ${offset}`);
  // The leader acknowledges while no log has the record.
  expect(text).toMatch(new RegExp(`broker 1 .{0,20}acknowledges it at offset ${offset}: .{0,20}no log has it yet`));
  const ack = story.moments.find(({ kind, text: said }) => kind === 'ack' && said.startsWith('acknowledges it'))!;
  expect(story.lanes[ack.lane]).toEqual({ name: 'broker 1', role: 'broker' });
  expect(story.lanes[ack.to!]!.role).toBe('producer');
  // Sent before, lost after.
  const at = (kind: string): number => story.moments.find((moment) => moment.kind === kind)?.timeNs ?? Number.NaN;
  expect(at('send')).toBeLessThan(ack.timeNs);
  expect(at('loss')).toBeGreaterThan(ack.timeNs);
  expect(story.point).toMatch(/offset \d+ went to|no log ever held/);
  expect(text).toContain(`lost at ${story.point}.`);
  expect(text).toContain('broken P1 acked-durable. A record that was acknowledged is to be readable');
  expect(text).toContain('No clause of the configuration allows it.');
  expect(text.trimEnd()).toMatch(/replay bench replay planted\.json$/);
});

test('truncation to the high watermark: copies come, one after the other they go', async () => {
  const { story, text } = await toldOf(regression('planted-truncation-to-high-watermark').plan);
  expect(story.lanes.filter(({ role }) => role === 'broker').map(({ name }) => name)).toEqual([
    'broker 1',
    'broker 2',
    'broker 3',
  ]);
  const kinds = story.moments.map(({ kind }) => kind);
  // Life and death in order: written, copied twice, committed, acknowledged, cut.
  for (const kind of ['send', 'append', 'replicate', 'commit', 'ack', 'loss'] as const) {
    expect(kinds, kind).toContain(kind);
  }
  expect(kinds.filter((kind) => kind === 'replicate')).toHaveLength(2);
  expect(kinds.indexOf('append')).toBeLessThan(kinds.indexOf('commit'));
  expect(kinds.indexOf('ack')).toBeLessThan(kinds.indexOf('loss'));
  expect(text).toMatch(/held by brokers .{0,20}1, 2, 3|held by brokers 1, .{0,20}2, 3/);
  expect(story.point).toMatch(/without the record|last copy went|to another record|went to|gave offset|cut ledger/);
  // The record's copies are bands of the brokers that had them.
  expect(new Set(story.bands.filter(({ kind }) => kind === 'holds').map(({ lane }) => lane)).size).toBe(3);
});

test('a journal changes nothing: with and without it a run has one hash; what broke nothing has no story', async () => {
  const plan = drawPlan(mutantWorkload('one broker, kills', 6));
  const { names } = rosterOf(plan.workload);
  const journal = new Journal(names, { partition: 0, offset: 3, writer: 0, sequence: 1 });
  const { report } = await simulateHere({ plan, journal });
  expect(journal.changes.map(({ kind }) => kind)).toContain('holds');
  expect((await simulateHere({ plan })).report.hash).toBe(report.hash);
  expect((await storyOfPlan({ plan, replay: '' })).story).toBeNull();
});
