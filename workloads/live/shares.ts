import type { Roster } from '../actors/roster.ts';
import { peakPerSecond } from '../load/arrivals.ts';
import { maxValueBytes } from '../settings.ts';
import type { Workload } from '../workload.ts';

/**
 * Records that one load thread sends or reads in a second with two thirds of a core to spare. A thread more than is
 * needed costs its start, its copy of the compiled code and its heap, and a wake for work that another wake could do too.
 */
const RECORDS_PER_THREAD = 500_000;
/** The bytes whose copies cost as much as all else that is done for a record. */
const BYTES_PER_RECORD = 1024;
/** Other libraries make an object and a promise of each record. */
const FOREIGN_RECORDS_PER_THREAD = 100_000;

/**
 * Actor indices by load thread, on a machine of `cores`. Producers and consumers of one kind of load end up on different
 * threads.
 */
export function sharesOf(workload: Workload, roster: Roster, cores: number): number[][] {
  const seats = [...roster.producers, ...roster.consumers];
  const limit = workload.driver === undefined ? RECORDS_PER_THREAD : FOREIGN_RECORDS_PER_THREAD;
  const wanted = Math.min(cores, seats.length, Math.ceil(recordsPerSecond(workload) / limit));
  const shares: number[][] = Array.from({ length: Math.max(1, wanted) }, () => []);
  for (const [position, { actor }] of seats.entries()) shares[position % shares.length]!.push(actor);
  return shares;
}

/** What is sent and read at the peak, large records as more than one; Infinity where the clients set the pace. */
function recordsPerSecond({ producers, consumers }: Workload): number {
  let sum = 0;
  for (const { topic, rate, arrival, value } of producers) {
    const peak = peakPerSecond({ rate, arrival, instances: 1 });
    if (peak === 0) return Number.POSITIVE_INFINITY;
    const readers = consumers.reduce((count, consumer) => count + (consumer.topic === topic ? consumer.groups : 0), 0);
    sum += peak * (1 + readers) * (1 + maxValueBytes(value.size) / BYTES_PER_RECORD);
  }
  return sum;
}
