import { expect, test } from 'vitest';
import { createProgress } from './terminal.ts';

function stream(isTTY: boolean): {
  readonly isTTY: boolean;
  readonly columns: number;
  write(text: string): void;
  text: string;
} {
  return {
    isTTY,
    columns: 20,
    text: '',
    write(text) {
      this.text += text;
    },
  };
}

test('a terminal gets one line, redrawn ten times a second at most, cut to its width, and taken away', () => {
  const terminal = stream(true);
  let now = 0;
  const progress = createProgress(true, terminal, () => now);
  progress.update('first');
  now = 99;
  progress.update('too soon');
  now = 100;
  progress.update('a line that is wider than that');
  progress.clear();
  expect(terminal.text).toBe('\r\x1b[2Kfirst\r\x1b[2Ka line that is wid…\r\x1b[2K');
});

test('a log gets a whole line every 30 s, none of work that is done before, and no control characters', () => {
  const log = stream(false);
  let now = 0;
  const progress = createProgress(true, log, () => now);
  for (; now < 61_000; now += 500) progress.update(`at ${now / 1_000} s, a line wider than 20 columns`);
  progress.clear();
  expect(log.text).toBe('at 30 s, a line wider than 20 columns\nat 60 s, a line wider than 20 columns\n');
});

test('nothing is written where it is not wanted', () => {
  const log = stream(false);
  let now = 0;
  const progress = createProgress(false, log, () => now);
  now = 90_000;
  progress.update('line');
  progress.clear();
  expect(log.text).toBe('');
});
