import { count, quote } from './diagnostics.ts';
import {
  type FaultAction,
  type FaultKind,
  type FaultPlan,
  type FaultSpec,
  LOCAL_FAULTS,
  type Selector,
} from './fault.ts';
import { FAULT_KINDS } from './fault-kinds.ts';
import { selectorsOf } from './faults.ts';
import { nearest } from './nearest.ts';
import { inherit, placeOf } from './object-schema.ts';
import { conflict } from './scalars.ts';
import { type Place, report } from './schema.ts';
import { brokerIds, rackOf, specOfTopic, topicNames, type Workload } from './workload.ts';

/**
 * Faults that would never take place, hit nothing, or cannot be injected on this target. Fills in a swarm's kinds. When
 * the command line sends the file to another target than its own, what that one cannot do is left out with a warning, so
 * that one file runs in all worlds; a file that asks for the impossible itself is refused.
 */
export function checkFaults(plan: FaultPlan, workload: Workload, targetPlace: Place | null): FaultPlan {
  const possible = possibleKinds(workload);
  const isOverridden = targetPlace !== null && targetPlace.source.place(targetPlace.node).line === 0;
  const kept = isOverridden ? withoutImpossible(plan, possible, workload, targetPlace) : plan;
  if (kept.kind === 'swarm') {
    const place = placeOf(plan, 'kinds');
    for (const kind of kept.kinds) if (!possible.includes(kind)) refuse(place, kind, workload);
    return { ...kept, kinds: kept.kinds.length === 0 ? possible : kept.kinds };
  }
  for (const fault of kept.faults) checkFault(fault, workload, possible);
  return kept;
}

function withoutImpossible(
  plan: FaultPlan,
  possible: readonly FaultKind[],
  { target }: Workload,
  { source, node, path }: Place,
): FaultPlan {
  const dropped = new Set<FaultKind>();
  const isPossible = (kind: FaultKind): boolean => {
    if (!possible.includes(kind)) dropped.add(kind);
    return possible.includes(kind);
  };
  let kept: FaultPlan;
  if (plan.kind === 'swarm') {
    const kinds = plan.kinds.filter(isPossible);
    const isEmptied = possible.length === 0 || (plan.kinds.length > 0 && kinds.length === 0);
    kept = isEmptied ? { kind: 'list', faults: [] } : { ...plan, kinds };
  } else {
    const faults = plan.faults.flatMap((fault) => {
      const oneOf = fault.oneOf.filter(({ kind }) => isPossible(kind));
      return oneOf.length === 0
        ? []
        : [oneOf.length === fault.oneOf.length ? fault : inherit({ ...fault, oneOf }, fault)];
    });
    kept = { ...plan, faults };
  }
  if (dropped.size > 0 || kept.kind !== plan.kind) {
    const which = dropped.size === 0 ? 'all faults' : [...dropped].join(', ');
    source.report(node, path, 'unsupported', `target ${target} cannot inject ${which}: left out`, null, 'warning');
  }
  return kept;
}

function possibleKinds(workload: Workload): readonly FaultKind[] {
  switch (workload.target) {
    case 'kafka':
      return [];
    case 'local':
      return LOCAL_FAULTS;
    case 'sim':
      return FAULT_KINDS.filter((kind) => kind !== 'disk-swap' || workload.cluster.brokers > 1);
  }
}

function refuse(place: Place | null, kind: FaultKind, workload: Workload): void {
  if (place === null) return;
  const why =
    workload.target === 'kafka'
      ? 'a cluster that is not ours takes no faults; --set faults=[] leaves them out'
      : workload.target === 'local'
        ? `${kind} cannot be injected into a process; target local takes ${LOCAL_FAULTS.join(', ')}`
        : `${kind} needs two brokers`;
  report(place, 'unsupported', `${place.path}: ${why}`);
}

function checkFault(fault: FaultSpec, workload: Workload, possible: readonly FaultKind[]): void {
  checkTime(fault, workload);
  for (const action of fault.oneOf) {
    const place = placeOf(action);
    if (possible.includes(action.kind)) checkAction(action, workload);
    else refuse(place, action.kind, workload);
  }
}

function checkTime(fault: FaultSpec, { phases }: Workload): void {
  const endMs = phases.warmupMs + phases.measureMs;
  const { when } = fault;
  const firstMs = when.kind === 'at' ? when.atMs : when.fromMs;
  if (firstMs < endMs) return;
  const place = placeOf(fault, when.kind)!;
  conflict(place, `${place.path}: never takes place: the load is over after ${endMs / 1000}s`);
}

function checkAction(action: FaultAction, workload: Workload): void {
  const { brokers } = workload.cluster;
  for (const { key, selector } of selectorsOf(action)) {
    const problem = matchesNothing(selector, workload);
    const place = placeOf(action, key);
    if (problem !== null && place !== null) {
      report(place, 'reference', `${place.path}: ${problem.message}`, problem.suggestion);
    }
  }
  if (action.kind === 'partition' && action.shape.kind !== 'isolate') {
    const needed = action.shape.kind === 'halves' ? 2 : 3;
    const place = placeOf(action, 'shape')!;
    if (brokers < needed)
      conflict(place, `${place.path}: ${action.shape.kind} needs ${needed} brokers; cluster.brokers is ${brokers}`);
  }
  if (
    action.kind === 'disk-swap' &&
    action.target.kind === 'broker' &&
    action.with.kind === 'broker' &&
    action.target.id === action.with.id
  ) {
    const place = placeOf(action, 'with')!;
    conflict(place, `${place.path}: the same broker twice`);
  }
}

/** What a selector would need and does not find, or null. */
function matchesNothing(selector: Selector, workload: Workload): { message: string; suggestion: string | null } | null {
  const { cluster, topics } = workload;
  switch (selector.kind) {
    case 'broker':
      if (selector.id >= 1 && selector.id <= cluster.brokers) return null;
      return {
        message: `there is no broker ${selector.id}; they are numbered 1 to ${cluster.brokers}`,
        suggestion: null,
      };
    case 'rack': {
      const racks = new Set(brokerIds(cluster).flatMap((id) => rackOf(cluster, id) ?? []));
      if (racks.has(selector.rack)) return null;
      const known = nearest(selector.rack, racks);
      return {
        message: `no broker stands in rack ${quote(selector.rack)}`,
        suggestion: known === null ? null : `rack(${known})`,
      };
    }
    case 'leader':
    case 'follower': {
      const spec = specOfTopic(topics, selector.topic);
      if (spec === undefined) {
        const names = topics.flatMap((topic) => topicNames({ ...topic, count: Math.min(topic.count, 10) }));
        const known = nearest(selector.topic, names);
        return {
          message: `there is no topic ${quote(selector.topic)} in topics`,
          suggestion: known === null ? null : `${selector.kind}(${known}/${selector.partition})`,
        };
      }
      if (selector.partition >= spec.partitions) {
        return { message: `${selector.topic} has ${count(spec.partitions, 'partition')}, from 0`, suggestion: null };
      }
      if (selector.kind === 'follower' && spec.replicationFactor === 1) {
        return { message: `${selector.topic} has replicationFactor 1, so no follower`, suggestion: null };
      }
      return null;
    }
    default:
      return null;
  }
}
