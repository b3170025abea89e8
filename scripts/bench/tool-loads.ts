import type { Sample } from './arms.ts';
import type { Context } from './figure.ts';
import type { Produced, ProduceLoad } from './kafka-tools.ts';

/** The loads that Kafka's tools put on a broker. */

/** As many records as go through. */
export function fullRate(context: Context, recordBytes: 100 | 1024): ProduceLoad {
  const records = (recordBytes === 100 ? 5_000_000 : 1_000_000) / (context.quick ? 5 : 1);
  const batch = recordBytes === 100 ? 65_536 : 131_072;
  return { records, recordBytes, rate: -1, client: { 'batch.size': String(batch), 'linger.ms': '5' } };
}

/** `rate` records of 1 KiB a second, none of which waits for company. */
export function steadyRate(context: Context, rate: number): ProduceLoad {
  const records = rate * (context.quick ? 5 : 20);
  // A quarter: by then the tool's own code is compiled, its metadata there, and what piled up meanwhile sent.
  return { records, recordBytes: 1024, rate, warmUpRecords: records / 4, client: { 'linger.ms': '0' } };
}

/** Milliseconds of a run with a warm-up. */
export function toolLatencies({ all, steady }: { readonly all: Produced; readonly steady: Produced | null }): Sample {
  const { p50Ms, p95Ms, p99Ms, p999Ms } = all;
  return { p50Ms, p95Ms, p99Ms, p999Ms, steadyP99Ms: steady!.p99Ms, steadyP999Ms: steady!.p999Ms };
}
