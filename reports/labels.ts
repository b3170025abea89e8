import type { LatencyName } from './run-record.ts';
import type { Judgement } from './verdict/result.ts';

/** Names of the latencies, in the order in which they are shown. */
export const LATENCY_TITLES: Readonly<Record<LatencyName, string>> = {
  publish: 'Publish',
  endToEnd: 'End to end',
  service: 'Service',
  commit: 'Commit',
  transaction: 'Transaction',
  fetch: 'Fetch',
};

export function verdictWord(result: Judgement): string {
  return result.toUpperCase();
}
