import { expect, test } from 'vitest';
import type { HistoryWriter } from '../history-writer.ts';
import { MEASUREMENT_BYTES, Measurement } from '../measurement.ts';
import { parseWorkload } from '../parse.ts';
import type { ProducerDriver } from './driver.ts';
import type { Environment } from './environment.ts';
import { ProducerActor } from './producer-actor.ts';
import { rosterOf } from './roster.ts';

/** Runs one producer for `ms` over timers that keep every delay to the nanosecond; when it woke, and what it sent then. */
function wakes(rate: string, ms: number): { atNs: number; records: number }[] {
  const text = `topics: [{ name: t, replicationFactor: 1 }]\nproducers: [{ topic: t, rate: ${rate}, value: 100B }]\nphases: { warmup: 0s, measure: 1s }\n`;
  const parsed = parseWorkload(text, { file: 'w.yaml' });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  const { workload } = parsed;
  const roster = rosterOf(workload);
  let nowNs = 0;
  let next: { atNs: number; fire: () => void } | null = null;
  let records = 0;
  const sink: Partial<ProducerDriver> = {
    send: () => {
      records++;
      return 0;
    },
  };
  const after = (delayMs: number, fire: () => void) => {
    next = { atNs: nowNs + Math.ceil(delayMs * 1e6), fire };
    return { cancel() {} };
  };
  const environment = {
    workload,
    roster,
    runtime: { timers: { after }, clock: { wallMs: () => 0, monotonicNs: () => nowNs } },
    driver: { producer: () => sink },
    measurement: new Measurement(new ArrayBuffer(MEASUREMENT_BYTES), 0, 1e9),
    history: { write() {} } as Partial<HistoryWriter>,
    now: () => nowNs,
    file: () => null,
    problem: (problem: string) => {
      throw new Error(problem);
    },
  } as unknown as Environment;
  new ProducerActor(environment, roster.producers[0]!).run();
  const seen: { atNs: number; records: number }[] = [];
  while (next !== null) {
    const { atNs, fire } = next as { atNs: number; fire: () => void };
    if (atNs > ms * 1e6) break;
    next = null;
    nowNs = atNs;
    records = 0;
    fire();
    seen.push({ atNs, records });
  }
  return seen;
}

test('records closer to each other than the slack of a timer leave together, none later than it', () => {
  const seen = wakes('300_000/s', 10);
  expect(seen.length).toBe(201);
  for (const [index, { atNs }] of seen.entries()) expect(atNs).toBe(index * 50_000);
  expect(seen.reduce((sum, { records }) => sum + records, 0)).toBe(3001);
});

test('others leave at their very times', () => {
  const seen = wakes('1000/s', 10);
  expect(seen.map(({ atNs }) => atNs)).toEqual(Array.from({ length: 11 }, (_, index) => index * 1e6));
  expect(seen.every(({ records }) => records === 1)).toBe(true);
});
