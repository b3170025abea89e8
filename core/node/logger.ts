import { formatLogFields } from '../log-fields.ts';
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
      writeLine(
        `${new Date(clock.wallMs()).toISOString()} ${lineLevel.toUpperCase()} ${message}${formatLogFields(fields)}\n`,
      );
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
