import { describe, expect, it } from 'vitest';
import { COLUMN, EVENT, HISTORY_WIDTH } from './history.ts';
import { HistoryWriter, ROWS_PER_CHUNK } from './history-writer.ts';

/** Sequences of the rows in [0, count). */
function sequences(rows: Float64Array, count: number): number[] {
  return Array.from({ length: count }, (_, index) => rows[index * HISTORY_WIDTH + COLUMN.sequence]!);
}

const upTo = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

describe('a history writer', () => {
  it('hands on every row once and in order, whatever fits in a chunk', () => {
    const found: number[] = [];
    const writer = new HistoryWriter({
      rows(rows, count) {
        found.push(...sequences(rows, count));
      },
    });
    const total = ROWS_PER_CHUNK * 2 + 100;
    for (let at = 0; at < total; at++) writer.write(EVENT.send, at, 0, 0, -1, at, -1, -1);
    writer.flush();
    writer.flush();
    expect(found).toEqual(upTo(0, total));
  });

  const ROWS_OF_ROOM = ROWS_PER_CHUNK * 2;

  it('with room of its own for each chunk, fills it, and leaves those alone that it has handed on', () => {
    const kept: { rows: Float64Array; count: number }[] = [];
    const writer = new HistoryWriter(
      {
        rows(rows, count) {
          kept.push({ rows, count });
        },
      },
      () => new Float64Array(ROWS_OF_ROOM * HISTORY_WIDTH),
    );
    const total = ROWS_OF_ROOM + 7;
    for (let at = 0; at < total; at++) writer.write(EVENT.send, at, 0, 0, -1, at, -1, -1);
    writer.flush();
    writer.write(EVENT.send, 0, 0, 0, -1, total, -1, -1);
    writer.flush();
    expect(kept.map(({ count }) => count)).toEqual([ROWS_OF_ROOM, 7, 1]);
    expect(kept.flatMap(({ rows, count }) => sequences(rows, count))).toEqual(upTo(0, total + 1));
  });
});
