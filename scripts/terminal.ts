/** What people see while they wait. Quiet where standard error is no terminal; results go to standard output. */

export interface Progress {
  /** Replaces the line in place; called as often as the caller likes, drawn at most ten times a second. */
  update(line: string): void;
  /** Removes the line, so that a result can be printed. */
  clear(): void;
}

export function createProgress(enabled: boolean = process.stderr.isTTY === true): Progress {
  if (!enabled) return { update: () => {}, clear: () => {} };
  let drawnMs = 0;
  let shown = false;
  return {
    update(line) {
      const now = performance.now();
      if (shown && now - drawnMs < 100) return;
      drawnMs = now;
      shown = true;
      const width = process.stderr.columns ?? 80;
      process.stderr.write(`\r\x1b[2K${line.length >= width ? `${line.slice(0, width - 2)}…` : line}`);
    },
    clear() {
      if (shown) process.stderr.write('\r\x1b[2K');
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
