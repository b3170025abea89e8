import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createNodeRuntime } from '../../../core/node/index.ts';
import { FULL } from '../../actors/driver.ts';
import { allFailed, type BatchEnd, callsOf, type GatheredBatch, Gatherer } from './gatherer.ts';
import { findLibrary } from './library.ts';
import { Reading } from './reading.ts';

const record = (offset: number) => ({ offset, value: null, header: () => null });

describe('the gatherer', () => {
  /** Calls that stay open until the test ends them. */
  function gathering(options: { lingerMs?: number; batchBytes?: number; bufferBytes?: number; callsMax?: number }) {
    const { lingerMs = 0, batchBytes = 1000, bufferBytes = 10_000, callsMax = 1 } = options;
    const runtime = createNodeRuntime({ logLevel: 'silent' });
    onTestFinished(() => runtime.close());
    const calls: { batches: readonly GatheredBatch[]; end: (ends: readonly BatchEnd[]) => void }[] = [];
    const told: string[] = [];
    let called = (): void => {};
    const gatherer = new Gatherer({
      runtime,
      partitions: [2],
      settings: { lingerMs, batchBytes, bufferBytes },
      callsMax,
      call: (batches) =>
        new Promise((end) => {
          calls.push({ batches, end });
          called();
        }),
      outcomes: {
        now: () => 0,
        acked: (token, _, partition, offset) => told.push(`${token} acked ${partition}:${offset}`),
        failed: (token, _, partition, code, definite) => told.push(`${token} failed ${partition} ${code} ${definite}`),
        writable: () => told.push('writable'),
      },
    });
    const send = (token: number, bytes = 50) => gatherer.send(0, null, new Uint8Array(bytes), null, 0, token);
    const nextCall = () =>
      new Promise<void>((resolve) => {
        called = resolve;
      });
    return { gatherer, calls, told, send, nextCall };
  }

  test('records of one turn are one call; what comes while it is open is the next one; offsets follow the base', async () => {
    const { calls, told, send, nextCall, gatherer } = gathering({});
    const first = nextCall();
    expect([send(0), send(1)]).toEqual([0, 0]);
    await first;
    const second = nextCall();
    send(2);
    expect(calls.map(({ batches }) => batches.map(({ records }) => records.length))).toEqual([[2]]);
    calls[0]!.end([{ kind: 'acked', baseOffset: 7 }]);
    await second;
    expect(told).toEqual(['0 acked 0:7', '1 acked 0:8']);
    const flushed = gatherer.flush(5_000);
    calls[1]!.end([{ kind: 'failed', errorCode: -1, definite: false, message: '' }]);
    await flushed;
    expect(told.at(-1)).toBe('2 failed 0 -1 false');
  });

  test('a full batch does not wait for linger.ms, records without a key move on, and a full buffer tells when it is not', async () => {
    const { calls, told, send, nextCall } = gathering({ lingerMs: 60_000, batchBytes: 200, bufferBytes: 400 });
    const first = nextCall();
    expect([send(0, 200), send(1), send(2)]).toEqual([0, 1, 1]);
    expect(send(3, 300)).toBe(FULL);
    await first;
    expect(calls[0]!.batches.map(({ partition }) => partition)).toEqual([0]);
    calls[0]!.end([{ kind: 'acked', baseOffset: 0 }]);
    await expect.poll(() => told).toEqual(['0 acked 0:0', 'writable']);
  });

  test('at its close what was never given to the library is surely not written, and of the rest nobody knows', async () => {
    const { calls, told, send, nextCall, gatherer } = gathering({});
    const first = nextCall();
    send(0);
    await first;
    send(1);
    gatherer.close();
    expect(told).toEqual(['1 failed 0 -1 true', '0 failed 0 -1 false']);
    calls[0]!.end([{ kind: 'acked', baseOffset: 0 }]);
    await Promise.resolve();
    expect(told).toHaveLength(2);
  });

  test('one call at a time unless the file asks for more and idempotence is off', () => {
    const asked = { 'max.in.flight.requests.per.connection': '3' };
    expect(callsOf({}, { idempotent: false, maxInFlight: 5 })).toBe(1);
    expect(callsOf(asked, { idempotent: false, maxInFlight: 3 })).toBe(3);
    expect(callsOf(asked, { idempotent: true, maxInFlight: 3 })).toBe(1);
  });

  test('only a lasting refusal of a call for one partition is definite', () => {
    const definite = (count: number, code: number) =>
      allFailed(count, code, '').map((end) => 'definite' in end && end.definite);
    expect(definite(1, 10)).toEqual([true]);
    expect(definite(2, 10)).toEqual([false, false]);
    expect(definite(1, 7)).toEqual([false]);
    expect(definite(1, -1)).toEqual([false]);
  });
});

describe('what a reader was handed', () => {
  test('is cut where offsets are missing, and starts again in a poll of its own', () => {
    const restarted: string[] = [];
    const reading = new Reading((topic, partition) => restarted.push(`${topic}-${partition}`));
    const polled = () => reading.poll().map(({ fromOffset, toOffset, gaps }) => ({ fromOffset, toOffset, gaps }));
    reading.add('t', 0, [record(5), record(6), record(9)], 12);
    const gaps = [{ from: 7, to: 9, reason: 'unknown' }];
    expect(polled()).toEqual([
      { fromOffset: 5, toOffset: 7, gaps: [] },
      { fromOffset: 9, toOffset: 12, gaps },
    ]);
    reading.add('t', 0, [record(12), record(6), record(7)]);
    expect(polled()).toEqual([{ fromOffset: 12, toOffset: 13, gaps: [] }]);
    expect(restarted).toEqual([]);
    expect(polled()).toEqual([{ fromOffset: 6, toOffset: 8, gaps: [] }]);
    expect(restarted).toEqual(['t-0']);
    expect(reading.isEmpty).toBe(true);
  });
});

describe('a client library', () => {
  function project(packages: { readonly [name: string]: object }): string {
    const root = mkdtempSync(join(tmpdir(), 'faultline-library-'));
    onTestFinished(() => rmSync(root, { recursive: true, force: true }));
    for (const [name, described] of Object.entries(packages)) {
      mkdirSync(join(root, 'node_modules', name), { recursive: true });
      writeFileSync(join(root, 'node_modules', name, 'package.json'), JSON.stringify(described));
    }
    mkdirSync(join(root, 'deep', 'folder'), { recursive: true });
    return root;
  }

  test('is found from the folder upwards, the first place before the second', () => {
    const own = project({ kafkajs: { version: '2.0.0', main: 'index.js' } });
    const theirs = project({
      kafkajs: { version: '2.9.9', exports: { '.': { import: './esm.js', require: './cjs.js' } } },
    });
    const found = findLibrary('kafkajs', {}, [join(theirs, 'deep', 'folder'), own]);
    expect(found).toMatchObject({ package: 'kafkajs', version: '2.9.9' });
    expect(found.entry).toMatch(/^file:.*\/esm\.js$/);
    expect(findLibrary('kafkajs', {}, [project({}), own]).version).toBe('2.0.0');
  });

  test('that is not installed is named with the command that installs it', () => {
    const nowhere = [project({})];
    expect(() => findLibrary('platformatic', {}, nowhere)).toThrow(
      'client.driver platformatic needs the package @platformatic/kafka: npm install @platformatic/kafka',
    );
  });

  test('is not given settings of --client-config that it would not keep', () => {
    const places = [project({ kafkajs: {} })];
    const common = { 'security.protocol': 'SASL_SSL', 'sasl.mechanism': 'PLAIN' };
    expect(() => findLibrary('kafkajs', common, places)).toThrow('does not take security.protocol of --client-config');
    expect(findLibrary('kafkajs', { 'security.protocol': 'PLAINTEXT' }, places).package).toBe('kafkajs');
  });
});
