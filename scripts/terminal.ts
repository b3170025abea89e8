/**
 * What people see while they wait, on standard error: a line redrawn in place on a terminal, a line now and then in the
 * log of a machine. Results go to standard output.
 */

/** A log is told how far the work is this often, and not at all of work that takes less. */
const LOG_INTERVAL_MS = 30_000;

export interface Progress {
  /** Called as often as the caller likes: drawn at most ten times a second, logged twice a minute. */
  update(line: string): void;
  /** Removes the line from a terminal, so that a result can be printed. */
  clear(): void;
}

/** The parts of `process.stderr` that progress goes to. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export function createProgress(
  enabled = true,
  stream: ProgressStream = process.stderr,
  nowMs: () => number = () => performance.now(),
): Progress {
  if (!enabled) return { update: () => {}, clear: () => {} };
  return stream.isTTY === true ? onTerminal(stream, nowMs) : inLog(stream, nowMs);
}

function inLog(stream: ProgressStream, nowMs: () => number): Progress {
  let loggedMs = nowMs();
  return {
    update(line) {
      const now = nowMs();
      if (now - loggedMs < LOG_INTERVAL_MS) return;
      loggedMs = now;
      stream.write(`${line}\n`);
    },
    clear: () => {},
  };
}

function onTerminal(stream: ProgressStream, nowMs: () => number): Progress {
  let drawnMs = 0;
  let shown = false;
  return {
    update(line) {
      const now = nowMs();
      if (shown && now - drawnMs < 100) return;
      drawnMs = now;
      shown = true;
      const width = stream.columns ?? 80;
      stream.write(`\r\x1b[2K${line.length >= width ? `${line.slice(0, width - 2)}…` : line}`);
    },
    clear() {
      if (shown) stream.write('\r\x1b[2K');
      shown = false;
    },
  };
}

/** A bar of `width` cells that is `share` (0 … 1) full. */
export function bar(share: number, width = 20): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return `${'█'.repeat(full)}${'░'.repeat(width - full)}`;
}

/** 12345 → "12,345"; fractions are cut. */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

export const useColor: boolean = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;

/**
 * Calls `stop` at the first Ctrl-C or SIGTERM, so that what was measured is kept; a second one ends the process at once.
 * Returns a function that takes the handlers away.
 */
export function onInterrupt(stop: () => void): () => void {
  let asked = false;
  const handler = (): void => {
    if (asked) process.exit(130);
    asked = true;
    stop();
  };
  process.on('SIGINT', handler);
  process.on('SIGTERM', handler);
  return () => {
    process.off('SIGINT', handler);
    process.off('SIGTERM', handler);
  };
}
