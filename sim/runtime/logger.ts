import { formatLogFields } from '../../core/log-fields.ts';
import type { Logger } from '../../core/runtime.ts';
import type { Incarnation } from '../incarnation.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LogLine {
  /** Virtual time in nanoseconds. */
  timeNs: number;
  node: string;
  level: LogLevel;
  message: string;
  fields: Record<string, unknown> | null;
}

/** Where the nodes' lines go. It must not change the world. */
export interface LogSink {
  /** Lines below are not made at all. null: none is. */
  level: LogLevel | null;
  line(line: LogLine): void;
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

export const silentLog: LogSink = { level: null, line() {} };

export function createSimLogger(incarnation: Incarnation): Logger {
  const { node } = incarnation;
  const sink = node.world.log;
  const threshold = sink.level === null ? LEVELS.length : LEVELS.indexOf(sink.level);
  const at =
    (level: LogLevel) =>
    (message: string, fields?: Record<string, unknown>): void => {
      if (LEVELS.indexOf(level) < threshold || !incarnation.alive) return;
      sink.line({ timeNs: node.localNs(), node: node.name, level, message, fields: fields ?? null });
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Lines like `12.345678 broker-1 WARN shrinking ISR partition=orders-3 isr=[1,2]`; seconds of virtual time. */
export function renderLogLine(line: LogLine): string {
  const fields = formatLogFields(line.fields);
  return `${(line.timeNs / 1e9).toFixed(6)} ${line.node} ${line.level.toUpperCase()} ${line.message}${fields}`;
}
