import { formatDiagnostic } from '../diagnostics.ts';
import { type ParseOptions, parseWorkload } from '../parse.ts';
import type { Workload } from '../workload.ts';

/** A small right file; cases replace parts of it, so that line and column of a mistake are plain to see. */
export const RIGHT: string = `seed: 7
cluster: { brokers: 3, racks: [a, b, c] }
topics:
  - name: orders
    partitions: 12
    replicationFactor: 3
producers:
  - topic: orders
    rate: 20_000/s
    client: { acks: all }
consumers:
  - topic: orders
    group: billing
phases: { warmup: 5s, measure: 30s }
faults:
  - { at: 10s, kill: any }
expect:
  durability: pass
  publish.p99: < 20ms
`;

/** What is wrong with a file, or what it is warned of. */
export function messages(text: string, options: Partial<ParseOptions> = {}): string[] {
  const result = parseWorkload(text, { file: 'orders.yaml', ...options });
  return (result.ok ? result.warnings : result.diagnostics).map(formatDiagnostic);
}

export function workload(text: string, options: Partial<ParseOptions> = {}): Workload {
  const result = parseWorkload(text, { file: 'workloads/orders.yaml', ...options });
  if (!result.ok) throw new Error(result.diagnostics.map(formatDiagnostic).join('\n'));
  return result.workload;
}

/** The right file with one part of it replaced. */
export function change(from: string, to: string): string {
  if (!RIGHT.includes(from)) throw new Error(`the right file has no ${from}`);
  return RIGHT.replace(from, to);
}
