import { expect, test } from 'vitest';
import { COLUMN, EVENT, HISTORY_WIDTH } from '../history.ts';
import { HistoryWriter } from '../history-writer.ts';
import { MEASUREMENT_BYTES, Measurement } from '../measurement.ts';
import { parseWorkload } from '../parse.ts';
import type { ProducerDriver, ProducerOutcomes, TransactionEnd } from './driver.ts';
import type { Environment } from './environment.ts';
import { ProducerActor } from './producer-actor.ts';
import { rosterOf } from './roster.ts';

const NAMES = new Map(Object.entries(EVENT).map(([name, kind]) => [kind as number, name]));

interface Script {
  readonly seed?: number;
  readonly transaction: string;
  /** Records of the whole run. */
  readonly records: number;
  /** What each end that is asked for comes to. */
  readonly end?: (commits: boolean, number: number) => TransactionEnd;
  /** Records that are refused, by their sequence. */
  readonly refused?: readonly number[];
}

/** Runs one producer of 1,000 records a second with a client that does as scripted; the history in words. */
async function story(script: Script): Promise<{ rows: string[]; configs: Record<string, string>[] }> {
  const { seed = 1, transaction, records, refused = [] } = script;
  const text = `seed: ${seed}\ntarget: kafka\nbootstrap: ['b:1']\ntopics: [{ name: t, replicationFactor: 1 }]\nproducers: [{ topic: t, rate: 1000/s, value: 100B, transaction: ${transaction} }]\nphases: { warmup: 0s, measure: ${records}ms }\n`;
  const parsed = parseWorkload(text, { file: 'w.yaml' });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  const { workload } = parsed;
  const roster = rosterOf(workload);
  let nowNs = 0;
  const due: { atNs: number; fire: () => void }[] = [];
  const rows: string[] = [];
  const configs: Record<string, string>[] = [];
  let ends = 0;
  const history = new HistoryWriter({
    rows(values, count) {
      for (let at = 0; at < count * HISTORY_WIDTH; at += HISTORY_WIDTH) {
        const name = NAMES.get(values[at + COLUMN.kind]!)!;
        const detail = name.startsWith('txn') && name !== 'txnBegin' ? ` ${values[at + COLUMN.a]}` : '';
        rows.push(`${name} ${values[at + COLUMN.sequence]}${detail}`);
      }
    },
  });
  const producer = (_id: string, _topics: unknown, config: Record<string, string>, outcomes: ProducerOutcomes) => {
    configs.push(config);
    const client: Partial<ProducerDriver> = {
      send: (_topic, _key, _value, _header, _timestamp, token) => {
        due.push({
          atNs: nowNs + 1,
          fire: () => {
            if (refused.includes(token)) outcomes.failed(token, 0, 0, 3, false, 'refused');
            else outcomes.acked(token, 0, 0, token, nowNs);
          },
        });
        return 0;
      },
      transactions: {
        begin() {},
        async end(commits) {
          const usual = { outcome: commits ? 'committed' : 'aborted', errorCode: 0, message: null } as const;
          return script.end?.(commits, ends++) ?? usual;
        },
      },
    };
    return client;
  };
  const environment = {
    workload,
    roster,
    runtime: {
      timers: {
        after(delayMs: number, fire: () => void) {
          due.push({ atNs: nowNs + Math.ceil(delayMs * 1e6), fire });
          return { cancel() {} };
        },
        endOfTurn: (fire: () => void) => due.push({ atNs: nowNs, fire }),
        sleep: () => new Promise<void>(() => {}),
      },
      clock: { wallMs: () => 0, monotonicNs: () => nowNs },
    },
    driver: { name: 'scripted', producer },
    measurement: new Measurement(new ArrayBuffer(MEASUREMENT_BYTES), 0, 1e9),
    history,
    run: 7,
    now: () => nowNs,
    file: () => null,
    problem: () => {},
  } as unknown as Environment;
  const actor = new ProducerActor(environment, roster.producers[0]!);
  const settle = async (): Promise<void> => {
    for (;;) {
      // Promises of the script settle between two steps of its clock.
      await new Promise<void>((resolve) => setImmediate(resolve));
      due.sort((a, b) => a.atNs - b.atNs);
      const next = due.shift();
      if (next === undefined) return;
      nowNs = Math.max(nowNs, next.atNs);
      next.fire();
    }
  };
  actor.run();
  await settle();
  const over = actor.flush(1000);
  await settle();
  await over;
  history.flush();
  return { rows, configs };
}

test('a transaction begins with its first record and is asked to end after its last', async () => {
  const { rows, configs } = await story({ transaction: '{ records: 2 }', records: 3 });
  expect(rows.filter((row) => !row.startsWith('ack'))).toEqual([
    'txnBegin 0',
    'send 0',
    'send 1',
    'txnEnd 0 1',
    'txnResult 0 1',
    'txnBegin 1',
    'send 2',
    // What the schedule leaves open ends with the load.
    'txnEnd 1 1',
    'txnResult 1 1',
  ]);
  expect(configs).toEqual([{ 'transactional.id': 'w-7-producer-0-0' }]);
});

test('the share to abort is drawn from the seed', async () => {
  const aborted = async (seed: number): Promise<string[]> => {
    const { rows } = await story({ seed, transaction: '{ records: 1, abort: 30% }', records: 100 });
    return rows.filter((row) => row.startsWith('txnEnd') && row.endsWith(' 0'));
  };
  const first = await aborted(1);
  expect(first.length).toBeGreaterThan(15);
  expect(first.length).toBeLessThan(45);
  expect(await aborted(1)).toEqual(first);
  expect(await aborted(2)).not.toEqual(first);
});

test('a record that fails has its transaction aborted, and the next one goes on', async () => {
  const { rows } = await story({ transaction: '{ records: 4 }', records: 5, refused: [1] });
  expect(rows.filter((row) => row.startsWith('txn'))).toEqual([
    'txnBegin 0',
    'txnEnd 0 0',
    'txnResult 0 0',
    'txnBegin 1',
    'txnEnd 1 1',
    'txnResult 1 1',
  ]);
});

test('an end of which nobody knows is unknown, a commit that was refused is an abort', async () => {
  const outcomes = ['unknown', 'aborted', 'committed'] as const;
  const end = (_commits: boolean, number: number): TransactionEnd => ({
    outcome: outcomes[number]!,
    errorCode: number < 2 ? -1 : 0,
    message: null,
  });
  const { rows } = await story({ transaction: '{ records: 1 }', records: 3, end });
  expect(rows.filter((row) => row.startsWith('txnResult'))).toEqual([
    'txnResult 0 -1',
    'txnResult 1 0',
    'txnResult 2 1',
  ]);
});
