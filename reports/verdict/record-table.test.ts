import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FLAG, OffsetIndex, RecordTable } from './record-table.ts';

describe('record table', () => {
  test('keeps what is put in, for any writers, sequences and offsets', () => {
    const record = fc.record({
      writer: fc.nat(2),
      sequence: fc.oneof(fc.nat(3000), fc.nat(2 ** 40)),
      partition: fc.nat(1),
      offset: fc.oneof(fc.nat(2000), fc.constantFrom(2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 52)),
      time: fc.nat(1e9),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(record, { selector: ({ writer, sequence }) => `${writer}/${sequence}` }),
        (records) => {
          const table = new RecordTable(3, 2);
          for (const { writer, sequence, partition, offset, time } of records) {
            const row = table.row(writer, sequence, true);
            table.setPartition(row, partition);
            table.setOffset(row, offset);
            table.setTime(row, time * 100_000);
            table.addFlags(row, FLAG.acked);
          }
          for (const { writer, sequence, partition, offset, time } of records) {
            const row = table.find(writer, sequence);
            expect([table.writerOf(row), table.sequenceOf(row)]).toEqual([writer, sequence]);
            expect([table.partition(row), table.offset(row)]).toEqual([partition, offset]);
            expect(table.time(row)).toBe(time * 100_000);
            expect(table.flags(row)).toBe(FLAG.acked | FLAG.hasPartition | FLAG.hasOffset);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  test('opens only so much for records that nobody sent', () => {
    const table = new RecordTable(1, 1);
    let refused = 0;
    for (let index = 0; index < 5000; index++) if (table.row(0, index * 1e6, false) < 0) refused += 1;
    expect(refused).toBe(5000 - 4096);
    expect(table.row(0, 5e12, true)).toBeGreaterThanOrEqual(0);
  });
});

describe('offset index', () => {
  test('returns the row that stood at an offset', () => {
    const put = fc.record({
      partition: fc.nat(1),
      offset: fc.oneof(fc.nat(3000), fc.constant(2 ** 50)),
      row: fc.nat(1e6),
    });
    fc.assert(
      fc.property(fc.array(put), (puts) => {
        const index = new OffsetIndex(2);
        const model = new Map<string, number>();
        for (const { partition, offset, row } of puts) {
          const key = `${partition}/${offset}`;
          expect(index.put(partition, offset, row)).toBe(model.get(key) ?? -1);
          model.set(key, row);
          expect(index.get(partition, offset)).toBe(row);
        }
        expect(index.get(1, 9999)).toBe(-1);
      }),
    );
  });

  test('keeps apart what stands far apart, in however many chunks', () => {
    const index = new OffsetIndex(2);
    for (let chunk = 0; chunk < 200; chunk++) expect(index.put(chunk % 2, chunk * 5000, chunk)).toBe(-1);
    for (let chunk = 0; chunk < 200; chunk++) {
      expect(index.get(chunk % 2, chunk * 5000)).toBe(chunk);
      expect(index.get(1 - (chunk % 2), chunk * 5000)).toBe(-1);
    }
  });
});

test('a partition is kept whole, however many there are', () => {
  for (const partitions of [1, 255, 256, 300, 65_535, 65_536, 70_000]) {
    const table = new RecordTable(1, partitions);
    const row = table.row(0, 0, true);
    table.setPartition(row, partitions - 1);
    expect(table.partition(row)).toBe(partitions - 1);
    table.setPartition(row, -1);
    expect(table.partition(row)).toBeGreaterThanOrEqual(partitions);
  }
});
