import { parseDurationMs } from '../units.ts';

/**
 * A recorded schedule: one intended time a line from the start of the load, never falling; a bare number is
 * milliseconds. Empty lines and lines that start with # are skipped. Gives nanoseconds.
 */
export function parseTrace(
  text: string,
): { readonly timesNs: Float64Array } | { readonly problem: string; readonly line: number } {
  const times: number[] = [];
  const lines = text.split('\n');
  let lastNs = 0;
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const parsed = parseDurationMs(/^[\d._]+$/.test(line) ? `${line}ms` : line);
    if (!parsed.ok) return { problem: 'expected a time such as 1.5ms', line: index + 1 };
    const timeNs = Math.round(parsed.value * 1e6);
    if (timeNs < lastNs) return { problem: 'earlier than the line before', line: index + 1 };
    times.push(timeNs);
    lastNs = timeNs;
  }
  if (times.length === 0) return { problem: 'no times in it', line: lines.length };
  return { timesNs: Float64Array.from(times) };
}
