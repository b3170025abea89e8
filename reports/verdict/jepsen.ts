import { type Anomalies, findAnomalies } from './jepsen/anomalies.ts';
import { findCycles } from './jepsen/cycles.ts';
import { JepsenHistoryError, type Key, parseHistory, type Value } from './jepsen/history.ts';
import { type Analysis, analyse, type VersionOrder } from './jepsen/orders.ts';

export { JepsenHistoryError } from './jepsen/history.ts';

export interface JepsenJudgement {
  readonly name: string;
  /** Under Jepsen's names; a name without findings is absent. */
  readonly anomalies: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
  /** What keeps the history from being judged whole: values that were polled and that nobody sent. */
  readonly unknown?: readonly string[];
  /** Of cases that ask for the order of versions itself. */
  readonly versionOrders?: Readonly<Record<Key, object>>;
}

/**
 * Judges a history of Jepsen's Kafka workload, naming what it finds as Jepsen does (jepsen.tests.kafka). Takes one case
 * of the form `{ name, history, options: { wwDeps } }`; throws JepsenHistoryError when it is none.
 */
export function judgeJepsen(testCase: unknown): JepsenJudgement {
  if (typeof testCase !== 'object' || testCase === null) throw new JepsenHistoryError('a case is an object');
  const { name, history, options, kind } = testCase as Record<string, unknown>;
  const { operations, keyAsWritten } = parseHistory(history);
  const analysis = analyse(operations);
  const found: Anomalies = new Map();
  findAnomalies(analysis, found);
  const hasWriteOrder =
    typeof options === 'object' && options !== null && 'wwDeps' in options && options.wwDeps === true;
  findCycles(analysis, hasWriteOrder, found);
  const anomalies = Object.fromEntries(
    [...found].map(([type, list]) => [type, list.map((anomaly) => withKey(anomaly, keyAsWritten))]),
  );
  const unknown = unsent(analysis);
  return {
    name: String(name ?? ''),
    anomalies,
    ...(unknown.length === 0 ? {} : { unknown }),
    ...(kind === 'function:version-orders' ? { versionOrders: ordersOf(analysis) } : {}),
  };
}

/** Judges a file of cases, in its order. */
export function judgeJepsenCases(cases: unknown): JepsenJudgement[] {
  if (!Array.isArray(cases)) throw new JepsenHistoryError('a file of cases is a list');
  return cases.map((testCase) => judgeJepsen(testCase));
}

/** Keys compare as strings, and are printed as the history wrote them. */
function withKey(
  anomaly: Readonly<Record<string, unknown>>,
  keyAsWritten: (key: Key) => Value,
): Record<string, unknown> {
  const steps = anomaly.steps;
  return {
    ...anomaly,
    ...('key' in anomaly ? { key: keyAsWritten(anomaly.key as Key) } : {}),
    ...(Array.isArray(steps)
      ? { steps: steps.map((step: Record<string, unknown>) => withKey(step, keyAsWritten)) }
      : {}),
  };
}

function unsent({ readersOf, writerOf }: Analysis): string[] {
  const reasons: string[] = [];
  for (const [key, values] of readersOf) {
    for (const value of values.keys()) {
      if (writerOf.get(key)?.has(value) !== true) reasons.push(`no writer of ${JSON.stringify(value)} in ${key}`);
    }
  }
  return reasons;
}

function ordersOf({ orders }: Analysis): Record<Key, object> {
  return Object.fromEntries([...orders].map(([key, order]) => [key, printedOrder(order)]));
}

/** The log is printed with its holes, from offset 0; a log that begins far on is cut to what is known. */
function printedOrder(order: VersionOrder): object {
  const log: (readonly Value[] | null)[] = [];
  for (const [offset, values] of order.log) {
    if (offset < 100_000) while (log.length < offset) log.push(null);
    log.push([...values].sort());
  }
  return { byIndex: order.byIndex, byValue: Object.fromEntries(order.byValue), log };
}
