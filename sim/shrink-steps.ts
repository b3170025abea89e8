import type { FaultAction, Selector } from '../workloads/fault.ts';
import type { Rate, Workload } from '../workloads/workload.ts';
import type { Plan, PlannedFault } from './plan.ts';

/** Plans that are smaller in one respect, the boldest first. None is ever larger, so that taking them ends. */
export interface Reduction {
  readonly name: string;
  readonly candidates: (plan: Plan) => Iterable<Plan>;
}

/** Load below this shows nothing any more. */
const RATE_MIN = 1;
const MEASURE_MIN_MS = 100;
const EARLIER_NS = 100e6;

/** What makes every run that follows a short one: taken first, before anything is taken out one by one. */
export const cuts: readonly Reduction[] = [
  { name: 'a shorter run', candidates: shorter },
  { name: 'less load', candidates: lessLoad },
];

export const reductions: readonly Reduction[] = [
  { name: 'constant latencies', candidates: constantLatencies },
  { name: 'a shorter run', candidates: shorter },
  { name: 'fewer clients', candidates: fewerClients },
  { name: 'less load', candidates: lessLoad },
  { name: 'earlier faults', candidates: earlierFaults },
  { name: 'fewer partitions', candidates: fewerPartitions },
  { name: 'fewer brokers', candidates: fewerBrokers },
  { name: 'fewer settings', candidates: fewerSettings },
  { name: 'shorter faults', candidates: shorterFaults },
  { name: 'rounder times', candidates: rounderTimes },
];

function* constantLatencies(plan: Plan): Generator<Plan> {
  if (plan.latencies === 'drawn') yield { ...plan, latencies: 'constant' };
}

function* shorter(plan: Plan): Generator<Plan> {
  const { phases } = plan.workload;
  const within = (measureMs: number, warmupMs: number): Plan => ({
    ...plan,
    workload: { ...plan.workload, phases: { ...phases, warmupMs, measureMs } },
    faults: plan.faults.filter(({ atNs }) => atNs < (warmupMs + measureMs) * 1e6),
  });
  if (phases.warmupMs > 0) yield within(phases.warmupMs + phases.measureMs, 0);
  for (const share of [0.25, 0.5, 0.8]) {
    const measureMs = Math.round((phases.measureMs * share) / 100) * 100;
    if (measureMs >= MEASURE_MIN_MS && measureMs < phases.measureMs) yield within(measureMs, phases.warmupMs);
  }
}

function* fewerClients(plan: Plan): Generator<Plan> {
  const { workload } = plan;
  const { producers, consumers } = workload;
  for (let index = 0; index < consumers.length; index++) {
    yield change(plan, { consumers: consumers.toSpliced(index, 1) });
  }
  for (let index = 0; producers.length > 1 && index < producers.length; index++) {
    yield change(plan, { producers: producers.toSpliced(index, 1) });
  }
  for (const [index, consumer] of consumers.entries()) {
    if (consumer.count > 1) yield change(plan, { consumers: consumers.with(index, { ...consumer, count: 1 }) });
    if (consumer.groups > 1) yield change(plan, { consumers: consumers.with(index, { ...consumer, groups: 1 }) });
  }
  for (const [index, producer] of producers.entries()) {
    if (producer.count > 1) yield change(plan, { producers: producers.with(index, { ...producer, count: 1 }) });
  }
}

function* lessLoad(plan: Plan): Generator<Plan> {
  const { producers } = plan.workload;
  for (const [index, producer] of producers.entries()) {
    const { rate, value, arrival, keys } = producer;
    const put = (changed: Partial<typeof producer>): Plan =>
      change(plan, { producers: producers.with(index, { ...producer, ...changed }) });
    for (const slower of slowerRates(rate)) yield put({ rate: slower });
    if (arrival.kind === 'poisson' || arrival.kind === 'burst') yield put({ arrival: { kind: 'constant' } });
    if (keys.kind !== 'none') yield put({ keys: { kind: 'none' } });
    if (value.size.kind !== 'fixed' || value.size.bytes > 100) {
      yield put({ value: { ...value, size: { kind: 'fixed', bytes: 100 } } });
    }
  }
}

function* slowerRates(rate: Rate): Generator<Rate> {
  if (rate.kind !== 'fixed') {
    yield { kind: 'fixed', perSecond: 1000 };
    return;
  }
  for (const divisor of [10, 2]) {
    const perSecond = Math.round(rate.perSecond / divisor);
    if (perSecond >= RATE_MIN && perSecond < rate.perSecond) yield { kind: 'fixed', perSecond };
  }
}

function* fewerPartitions(plan: Plan): Generator<Plan> {
  const { topics } = plan.workload;
  for (const [index, topic] of topics.entries()) {
    for (const partitions of [1, Math.floor(topic.partitions / 2)]) {
      if (partitions < 1 || partitions >= topic.partitions) continue;
      const fewer = change(plan, { topics: topics.with(index, { ...topic, partitions }) });
      yield { ...fewer, faults: plan.faults.map((fault) => aimed(fault, topic.name, partitions)) };
    }
  }
}

function* fewerBrokers(plan: Plan): Generator<Plan> {
  const { cluster, topics } = plan.workload;
  if (cluster.racks.length > 0) yield change(plan, { cluster: { ...cluster, racks: [] } });
  const most = Math.max(1, ...topics.map(({ replicationFactor }) => replicationFactor));
  for (const brokers of [most, Math.ceil(cluster.brokers / 2)]) {
    if (brokers < most || brokers >= cluster.brokers) continue;
    const ids = plan.faults.flatMap(({ action }) => selectorsOf(action));
    if (ids.some((selector) => selector.kind === 'broker' && selector.id > brokers)) continue;
    yield change(plan, { cluster: { ...cluster, brokers } });
  }
}

function* fewerSettings(plan: Plan): Generator<Plan> {
  const { cluster, topics, producers, consumers } = plan.workload;
  for (const name of Object.keys(cluster.config)) {
    yield change(plan, { cluster: { ...cluster, config: without(cluster.config, name) } });
  }
  for (const [index, topic] of topics.entries()) {
    for (const name of Object.keys(topic.config)) {
      yield change(plan, { topics: topics.with(index, { ...topic, config: without(topic.config, name) }) });
    }
  }
  for (const [index, producer] of producers.entries()) {
    for (const name of Object.keys(producer.client)) {
      const client = without(producer.client, name);
      yield change(plan, { producers: producers.with(index, { ...producer, client }) });
    }
  }
  for (const [index, consumer] of consumers.entries()) {
    for (const name of Object.keys(consumer.client)) {
      // A consumer always says what it does without a position.
      if (name === 'auto.offset.reset') continue;
      const client = without(consumer.client, name);
      yield change(plan, { consumers: consumers.with(index, { ...consumer, client }) });
    }
  }
}

/** All faults sooner, by half of the time that the first one, or one after another, waits. Their order stays. */
function* earlierFaults(plan: Plan): Generator<Plan> {
  const { faults } = plan;
  for (const share of [1, 0.5]) {
    for (let index = 0; index < faults.length; index++) {
      const waitNs = faults[index]!.atNs - (faults[index - 1]?.atNs ?? 0);
      const sooner = Math.floor((waitNs * share) / EARLIER_NS) * EARLIER_NS;
      if (sooner < EARLIER_NS) continue;
      const moved = faults.map((fault, at) => (at < index ? fault : { ...fault, atNs: fault.atNs - sooner }));
      yield { ...plan, faults: moved };
    }
  }
}

function* shorterFaults(plan: Plan): Generator<Plan> {
  for (const [index, fault] of plan.faults.entries()) {
    for (const action of shorterActions(fault.action)) yield replaced(plan, index, { ...fault, action });
  }
}

function* shorterActions(action: FaultAction): Generator<FaultAction> {
  for (const name of ['forMs', 'restartAfterMs'] as const) {
    const ms = (action as unknown as Record<string, unknown>)[name];
    if (typeof ms !== 'number' || ms < 20) continue;
    const half = ms >= 200 ? Math.round(ms / 200) * 100 : Math.round(ms / 20) * 10;
    if (half < ms) yield { ...action, [name]: half } as FaultAction;
  }
  if (action.kind === 'partition' && action.flapMs !== null) yield { ...action, flapMs: null };
}

function* rounderTimes(plan: Plan): Generator<Plan> {
  for (const [index, fault] of plan.faults.entries()) {
    for (const unitNs of [1e9, 1e8, 1e7, 1e6]) {
      const atNs = Math.floor(fault.atNs / unitNs) * unitNs;
      if (atNs === fault.atNs) break;
      yield replaced(plan, index, { ...fault, atNs });
    }
  }
}

function change(plan: Plan, changed: Partial<Workload>): Plan {
  return { ...plan, workload: { ...plan.workload, ...changed } };
}

function replaced(plan: Plan, index: number, fault: PlannedFault): Plan {
  const faults = plan.faults.with(index, fault);
  return { ...plan, faults: faults.toSorted((a, b) => a.atNs - b.atNs || (a.id < b.id ? -1 : 1)) };
}

function without(config: Readonly<Record<string, string>>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(config).filter(([key]) => key !== name));
}

function selectorsOf(action: FaultAction): Selector[] {
  if (action.kind === 'partition') return action.shape.kind === 'isolate' ? [action.shape.target] : [];
  return action.kind === 'disk-swap' ? [action.target, action.with] : [action.target];
}

/** The same fault, at a partition that there still is. */
function aimed(fault: PlannedFault, topic: string, partitions: number): PlannedFault {
  const at = (selector: Selector): Selector =>
    'topic' in selector && selector.topic === topic && selector.partition >= partitions
      ? { ...selector, partition: 0 }
      : selector;
  const { action } = fault;
  if (action.kind === 'partition') {
    if (action.shape.kind !== 'isolate') return fault;
    return { ...fault, action: { ...action, shape: { ...action.shape, target: at(action.shape.target) } } };
  }
  if (action.kind === 'disk-swap') {
    return { ...fault, action: { ...action, target: at(action.target), with: at(action.with) } };
  }
  return { ...fault, action: { ...action, target: at(action.target) } };
}
