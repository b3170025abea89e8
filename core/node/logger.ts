import type { Clock, Logger } from '../runtime.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent'];

/** Lines like `2026-01-31T09:15:00.000Z WARN shrinking ISR partition=orders-3 isr=[1,2]`. */
export function createNodeLogger(level: LogLevel, clock: Clock, writeLine: (line: string) => void): Logger {
  const threshold = LEVELS.indexOf(level);
  const at =
    (lineLevel: LogLevel) =>
    (message: string, fields?: Record<string, unknown>): void => {
      if (LEVELS.indexOf(lineLevel) < threshold) return;
      writeLine(`${new Date(clock.wallMs()).toISOString()} ${lineLevel.toUpperCase()} ${message}${render(fields)}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function render(fields: Record<string, unknown> | undefined): string {
  if (fields === undefined) return '';
  return Object.entries(fields)
    .map(([name, value]) => ` ${name}=${renderValue(value)}`)
    .join('');
}

function renderValue(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.message);
  if (typeof value === 'string') return /^[\w.:/@-]+$/.test(value) ? value : JSON.stringify(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // Cycles and bigints: a log line must never be what breaks.
    return String(value);
  }
}
