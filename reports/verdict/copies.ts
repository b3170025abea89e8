import type { ControlEvent, LoggedFault } from './faults.ts';

/** Who may still have had a record after a fault or a change of its partition. */
export interface CopiesThen {
  /** The change that holds then; null before the first one. */
  readonly event: ControlEvent | null;
  /** Brokers that had the record and whose copy no fault can have taken. */
  readonly holders: ReadonlySet<number>;
  /** The faults that took the copies of the others, in the order of their times. */
  readonly taken: readonly LoggedFault[];
}

/**
 * Follows the copies of a record from its acknowledgement on. The in-sync replicas of that moment have it. A fault that
 * destroys takes the copies of those that it hits; a broker that comes into the in-sync replicas again, behind a leader
 * that has the record, has been given it anew. So faults that are far apart add up to a loss only if nobody was mended
 * between them.
 */
export function copiesOf(
  seenAtNs: number,
  before: ControlEvent | null,
  after: readonly ControlEvent[],
  destroying: readonly LoggedFault[],
  replicas: readonly number[],
): CopiesThen[] {
  const faults = [...destroying].sort((a, b) => a.atNs - b.atNs);
  const then: CopiesThen[] = [];
  let event = before;
  let holders = new Set(before === null || before.isr.length === 0 ? replicas : before.isr);
  let taken: readonly LoggedFault[] = [];
  let next = 0;
  const strikeUntil = (timeNs: number): void => {
    for (; next < faults.length && Math.max(faults[next]!.atNs, seenAtNs) <= timeNs; next++) {
      const fault = faults[next]!;
      holders = new Set([...holders].filter((broker) => !fault.brokers.includes(broker)));
      taken = [...taken, fault];
      then.push({ event, holders, taken });
    }
  };
  for (const now of after) {
    strikeUntil(now.timeNs);
    const wasIn = event?.isr ?? [];
    if (holders.has(now.leader) && now.isr.includes(now.leader)) {
      const mended = now.isr.filter((broker) => !wasIn.includes(broker) && !holders.has(broker));
      holders = new Set([...holders, ...mended]);
      taken = taken.filter(({ brokers }) => !brokers.every((broker) => holders.has(broker)));
    }
    event = now;
    then.push({ event, holders, taken });
  }
  strikeUntil(Number.POSITIVE_INFINITY);
  return then;
}
