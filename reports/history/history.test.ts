import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EVENT, GAP, HISTORY_WIDTH } from '../../workloads/history.ts';
import type { LoggedFault } from '../verdict/faults.ts';
import { EVENT_FORMS, HistoryFileError } from './form.ts';
import { linesOf, readHistory } from './reader.ts';
import { historySchema } from './schema.ts';
import { HistoryFile } from './writer.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'faultline-history-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const HEADER = {
  workload: 'orders',
  target: 'sim',
  seed: 42,
  names: {
    actors: [
      { name: 'producer', role: { kind: 'producer', acks: -1, idempotent: true, transactional: true } as const },
      { name: 'consumer', role: { kind: 'consumer', group: 'billing', isolation: 'read_committed' } as const },
      { name: 'auditor', role: { kind: 'auditor', isolation: 'read_uncommitted' } as const },
    ],
    partitions: [
      { topic: 'orders', partition: 0 },
      { topic: 'orders', partition: 1 },
    ],
  },
  configs: {
    brokers: [1, 2, 3],
    broker: { 'min.insync.replicas': 2 },
    topics: [{ name: 'orders', replicationFactor: 3, config: { 'flush.messages': '1' } }],
    clients: {},
  },
};
const FAULT: LoggedFault = {
  id: 'f1',
  kind: 'kill',
  target: 'any',
  brokers: [2],
  atNs: 5,
  untilNs: 9,
  confirmed: true,
  files: ['/data/orders-0/00000000000000000000.log'],
};

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(bytes: Uint8Array, size = 1000) {
  const faults: LoggedFault[] = [];
  const rows: number[][] = [];
  let header: unknown;
  const end = await readHistory(linesOf(inPieces(bytes, size)), faults, (given) => {
    header = given;
    return {
      rows(array, count) {
        for (let index = 0; index < count; index++) {
          rows.push([...array.subarray(index * HISTORY_WIDTH, (index + 1) * HISTORY_WIDTH)]);
        }
      },
    };
  });
  return { header, rows, faults, end };
}

const text = (...lines: unknown[]): Uint8Array =>
  Buffer.from(lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'));
const HEAD = { faultline: 'history', schema: 1, actors: HEADER.names.actors, partitions: HEADER.names.partitions };

/** A row of a kind, with values that its form can carry. */
const anyRow = fc.constantFrom(...Object.values(EVENT_FORMS)).chain(({ kind, fields }) =>
  fc
    .tuple(
      fc.nat(1e12),
      fc.nat(2),
      ...fields.map(({ name, form, optional }) => {
        if (form.kind === 'flag') return fc.constantFrom(0, 1);
        if (form.kind === 'word') return fc.constantFrom(...Object.values(form.words));
        const values = name === 'partition' ? fc.nat(1) : name === 'writer' ? fc.nat(2) : fc.nat(1e9);
        return optional ? fc.oneof(values, fc.constant(-1)) : values;
      }),
    )
    .map(([t, actor, ...values]) => {
      const at = { partition: 3, offset: 4, sequence: 5, a: 6, b: 7 };
      const row = [kind, t, actor, -1, -1, -1, -1, -1] as number[];
      for (const [index, { column }] of fields.entries()) row[at[column]] = values[index]!;
      return row;
    }),
);

describe('a history in a file', () => {
  test('comes back as it was written, in whatever pieces it is read', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyRow, { maxLength: 40 }),
        fc.integer({ min: 1, max: 500 }),
        async (unordered, size) => {
          const rows = unordered.toSorted((a, b) => a[1]! - b[1]!);
          const path = join(folder, 'history.ndjson');
          const file = new HistoryFile(path, HEADER);
          file.rows(Float64Array.from(rows.flat()), rows.length);
          const control = [{ timeNs: 7, partition: 1, leader: 2, leaderEpoch: 3, isr: [2, 3], unclean: true }];
          file.end({ drained: false, reason: 'too slow', missing: [1], control, faults: [FAULT] });
          expect(await read(readFileSync(path), size)).toEqual({
            header: HEADER,
            rows,
            faults: [FAULT],
            end: { drained: false, reason: 'too slow', missing: [1], control },
          });
        },
      ),
      { numRuns: 50 },
    );
  });

  test('every kind of event has a form, and the schema has each', () => {
    expect(Object.values(EVENT_FORMS).map(({ kind }) => kind)).toEqual(Object.values(EVENT));
    const { oneOf } = historySchema() as { oneOf: { title: string }[] };
    const titles = oneOf.map(({ title }) => title);
    expect(titles).toEqual(['header', ...Object.keys(EVENT_FORMS), 'fault', 'watched', 'leader', 'end']);
    expect(JSON.stringify(oneOf)).toContain(Object.keys(GAP).join('","'));
  });

  test('without its last line it is not drained', async () => {
    const { end } = await read(text(HEAD, { event: 'txnBegin', t: 1, actor: 0, sequence: 0 }));
    expect(end).toEqual({ drained: false, reason: 'the history breaks off: it has no end line', missing: [] });
  });

  test('watched without a change is not the same as not watched', async () => {
    expect((await read(text(HEAD, { event: 'end', drained: true }))).end).not.toHaveProperty('control');
    expect((await read(text(HEAD, { event: 'watched' }, { event: 'end', drained: true }))).end.control).toEqual([]);
  });

  test.each([
    ['nothing', ''],
    ['no header', text({ event: 'end', drained: true })],
    ['another schema', text({ ...HEAD, schema: 2 })],
    ['a role of its own', text({ ...HEAD, actors: [{ name: 'x', role: { kind: 'spy' } }] })],
    ['an unknown event', text(HEAD, { event: 'toString', t: 1, actor: 0 })],
    ['an actor beyond', text(HEAD, { event: 'processed', t: 1, actor: 3, partition: 0, offset: 1 })],
    ['a partition beyond', text(HEAD, { event: 'processed', t: 1, actor: 1, partition: 2, offset: 1 })],
    ['a writer beyond', text(HEAD, { event: 'read', t: 1, actor: 1, partition: 0, offset: 1, sequence: 0, writer: 9 })],
    ['a missing field', text(HEAD, { event: 'ack', t: 1, actor: 0, partition: 0, offset: 1 })],
    ['a fraction', text(HEAD, { event: 'processed', t: 1, actor: 1, partition: 0, offset: 1.5 })],
    ['time that goes back', text(HEAD, ...[2, 1].map((t) => ({ event: 'txnBegin', t, actor: 0, sequence: 0 })))],
    ['a fault without a time', text(HEAD, { event: 'fault', ...FAULT, atNs: null })],
    ['a line after the end', text(HEAD, { event: 'end', drained: true }, { event: 'end', drained: true })],
    ['no JSON', text(HEAD, '{"event":')],
    ['a list', text(HEAD, '[]')],
  ])('refuses %s', async (_what, bytes) => {
    await expect(read(Buffer.from(bytes))).rejects.toThrow(HistoryFileError);
  });

  test('bytes that are anything end in a typed error or a history', async () => {
    const valid = text(HEAD, { event: 'fault', ...FAULT }, { event: 'txnBegin', t: 1, actor: 0, sequence: 0 });
    await fc.assert(
      fc.asyncProperty(fc.nat(valid.length - 1), fc.nat(255), async (at, byte) => {
        const bytes = Uint8Array.from(valid);
        bytes[at] = byte;
        await read(bytes).catch((error: unknown) => expect(error).toBeInstanceOf(HistoryFileError));
      }),
      { numRuns: 300 },
    );
  });
});
