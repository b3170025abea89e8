import type { RuleId, VerdictResult } from '../result.ts';

/** Jepsen reports these and holds none of them against a system: Kafka does not forbid them. */
const ALWAYS = new Set([
  'int-send-skip',
  'G0',
  'G0-process',
  'G0-realtime',
  'PL-1-cycle-exists',
  'strong-PL-1-cycle-exists',
]);
/** Only where write order counts as a dependency, which Kafka does not promise between transactions. */
const WITH_WRITE_ORDER = new Set([
  'G1c',
  'G1c-process',
  'G1c-realtime',
  'PL-2-cycle-exists',
  'strong-PL-2-cycle-exists',
]);
/** A subscribed consumer may be rebalanced between two polls. */
const WITH_SUBSCRIBE = new Set(['poll-skip', 'nonmonotonic-poll']);

/** Whether Jepsen's Kafka workload tolerates an anomaly. */
export function isTolerated(anomaly: string, options: { wwDeps: boolean; subscribes: boolean }): boolean {
  return (
    ALWAYS.has(anomaly) ||
    (options.wwDeps && WITH_WRITE_ORDER.has(anomaly)) ||
    (options.subscribes && WITH_SUBSCRIBE.has(anomaly))
  );
}

/** What Jepsen calls a violation of our rules. A rule that it has no name for keeps its own. */
const JEPSEN_NAMES: Readonly<Partial<Record<RuleId, string>>> = {
  P1: 'lost-write',
  P2: 'inconsistent-offsets',
  P3: 'G1a',
  P4: 'nonmonotonic-send',
  P5: 'duplicate',
  P10: 'poll-skip',
  C1: 'committed-too-far',
  X2: 'G1a',
};

/** A verdict of our rules under Jepsen's names: every violation that has an example. */
export function underJepsenNames(verdict: VerdictResult): Record<string, Readonly<Record<string, unknown>>[]> {
  const anomalies: Record<string, Readonly<Record<string, unknown>>[]> = {};
  for (const rule of verdict.rules) {
    if (rule.violations === 0) continue;
    const name = JEPSEN_NAMES[rule.rule] ?? rule.name;
    const found = rule.examples.slice(0, rule.violations).map(({ partition, sentence }) => ({
      key: partition,
      count: rule.violations,
      rule: rule.rule,
      sentence,
    }));
    anomalies[name] = [...(anomalies[name] ?? []), ...found];
  }
  return anomalies;
}
