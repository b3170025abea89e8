import type { Anomalies } from './anomalies.ts';
import { append, type Key, type Operation, polledBy, sentBy, type Value } from './history.ts';
import type { Analysis } from './orders.ts';

type EdgeType = 'ww' | 'wr' | 'process' | 'realtime';

interface Edge {
  readonly from: Operation;
  readonly to: Operation;
  readonly type: EdgeType;
  readonly key?: Key;
  readonly value?: Value;
  readonly next?: Value;
}

/**
 * Cycles of dependencies between completed operations: ww (one sent what stands before the other's value; only where
 * the case infers those), wr (one polled what the other sent), then the orders of processes and of real time. The name
 * says the weakest set of edges that closes the cycle: G0 ww alone, G1c with a wr, `-process` and `-realtime` beyond.
 */
export function findCycles(analysis: Analysis, wwDeps: boolean, found: Anomalies): void {
  const data = [...(wwDeps ? writeEdges(analysis) : []), ...readEdges(analysis)];
  const process = processEdges(analysis.operations);
  const realtime = realtimeEdges(analysis.operations);
  const writes = data.filter((edge) => edge.type === 'ww');
  const explained = new Set<Operation>();
  const search = (name: string, edges: readonly Edge[], needs: readonly EdgeType[]) => {
    const graph = new Graph(edges);
    const isData = needs.length === 1;
    for (const component of graph.components()) {
      if (!isData && component.some((operation) => explained.has(operation))) continue;
      const cycle = graph.shortestCycle(new Set(component), needs);
      if (cycle === null) continue;
      append(found, name, report(cycle));
      for (const edge of cycle) explained.add(edge.from);
    }
  };
  search('G0', writes, ['ww']);
  search('G1c', data, ['wr']);
  // What data alone closes is not named again after the orders that close it too.
  search('G0-process', [...writes, ...process], ['ww', 'process']);
  search('G1c-process', [...data, ...process], ['wr', 'process']);
  search('G0-realtime', [...writes, ...process, ...realtime], ['ww', 'realtime']);
  search('G1c-realtime', [...data, ...process, ...realtime], ['wr', 'realtime']);
}

function writeEdges({ writerOf, orders }: Analysis): Edge[] {
  const edges: Edge[] = [];
  for (const [key, writers] of writerOf) {
    const order = orders.get(key);
    for (const [next, to] of writers) {
      const index = order?.byValue.get(next);
      if (order === undefined || index === undefined || index === 0) continue;
      const value = order.byIndex[index - 1]!;
      const from = writers.get(value);
      if (from !== undefined && from !== to) edges.push({ from, to, type: 'ww', key, value, next });
    }
  }
  return edges;
}

function readEdges({ writerOf, readersOf }: Analysis): Edge[] {
  const edges: Edge[] = [];
  for (const [key, values] of readersOf) {
    for (const [value, readers] of values) {
      const from = writerOf.get(key)?.get(value);
      if (from === undefined) continue;
      for (const to of readers) if (to !== from) edges.push({ from, to, type: 'wr', key, value });
    }
  }
  return edges;
}

function isWork(operation: Operation): boolean {
  return operation.f === 'txn' || operation.f === 'send' || operation.f === 'poll';
}

function processEdges(operations: readonly Operation[]): Edge[] {
  const edges: Edge[] = [];
  const last = new Map<Value, Operation>();
  for (const to of operations) {
    if (to.process === null || !isWork(to) || to.type === 'invoke' || to.type === 'fail') continue;
    const from = last.get(to.process);
    if (from !== undefined) edges.push({ from, to, type: 'process' });
    if (to.type === 'ok') last.set(to.process, to);
    else last.delete(to.process);
  }
  return edges;
}

/** Whoever completed before another began; only the latest of those, for the others follow by transitivity. */
function realtimeEdges(operations: readonly Operation[]): Edge[] {
  const completions = new Map<Operation, Operation>();
  const open = new Map<Value, Operation>();
  for (const operation of operations) {
    if (operation.process === null || !isWork(operation)) continue;
    if (operation.type === 'invoke') open.set(operation.process, operation);
    else {
      const invocation = open.get(operation.process);
      if (invocation !== undefined) completions.set(invocation, operation);
      open.delete(operation.process);
    }
  }
  const edges: Edge[] = [];
  const before = new Map<Operation, Operation[]>();
  let frontier: Operation[] = [];
  for (const operation of operations) {
    const completion = completions.get(operation);
    if (completion !== undefined) {
      if (completion.type === 'fail') continue;
      before.set(completion, frontier);
      for (const from of frontier) edges.push({ from, to: completion, type: 'realtime' });
    } else if (operation.type === 'ok' && before.has(operation)) {
      const implied = before.get(operation)!;
      frontier = [...frontier.filter((other) => !implied.includes(other)), operation];
    }
  }
  return edges;
}

class Graph {
  readonly #from = new Map<Operation, Edge[]>();
  readonly #operations = new Set<Operation>();

  constructor(edges: readonly Edge[]) {
    for (const edge of edges) {
      append(this.#from, edge.from, edge);
      this.#operations.add(edge.from);
      this.#operations.add(edge.to);
    }
  }

  /** Strongly connected components of more than one operation (Tarjan's algorithm, without recursion). */
  components(): Operation[][] {
    const found: Operation[][] = [];
    const order = new Map<Operation, number>();
    const low = new Map<Operation, number>();
    const stack: Operation[] = [];
    const onStack = new Set<Operation>();
    const visits: { operation: Operation; next: number }[] = [];
    const enter = (operation: Operation) => {
      order.set(operation, order.size);
      low.set(operation, order.get(operation)!);
      stack.push(operation);
      onStack.add(operation);
      visits.push({ operation, next: 0 });
    };
    for (const root of this.#operations) {
      if (order.has(root)) continue;
      enter(root);
      for (let visit = visits.at(-1); visit !== undefined; visit = visits.at(-1)) {
        const { operation } = visit;
        const edge = (this.#from.get(operation) ?? [])[visit.next++];
        if (edge !== undefined) {
          if (!order.has(edge.to)) enter(edge.to);
          else if (onStack.has(edge.to)) low.set(operation, Math.min(low.get(operation)!, order.get(edge.to)!));
          continue;
        }
        visits.pop();
        const parent = visits.at(-1)?.operation;
        if (parent !== undefined) low.set(parent, Math.min(low.get(parent)!, low.get(operation)!));
        if (low.get(operation) !== order.get(operation)) continue;
        const component: Operation[] = [];
        let member: Operation;
        do {
          member = stack.pop()!;
          onStack.delete(member);
          component.push(member);
        } while (member !== operation);
        if (component.length > 1) found.push(component);
      }
    }
    return found;
  }

  /** The shortest cycle within a component that holds an edge of every needed type. */
  shortestCycle(component: ReadonlySet<Operation>, needs: readonly EdgeType[]): Edge[] | null {
    let best: Edge[] | null = null;
    const starts = [...component].sort((a, b) => b.index - a.index);
    for (const start of starts) {
      for (const edge of this.#from.get(start) ?? []) {
        if (edge.type !== needs[0] || !component.has(edge.to)) continue;
        const path = this.#path(edge, component, needs);
        if (path !== null && (best === null || path.length < best.length)) best = path;
      }
    }
    return best;
  }

  /** Breadth first from the end of an edge back to its start, over states of (operation, needs met). */
  #path(first: Edge, component: ReadonlySet<Operation>, needs: readonly EdgeType[]): Edge[] | null {
    const all = (1 << needs.length) - 1;
    const meets = (edge: Edge, met: number) => {
      const position = needs.indexOf(edge.type);
      return position < 0 ? met : met | (1 << position);
    };
    interface State {
      readonly edge: Edge;
      readonly met: number;
      readonly before: State | null;
    }
    const seen = new Map<Operation, Set<number>>();
    const queue: State[] = [{ edge: first, met: meets(first, 0), before: null }];
    for (const state of queue) {
      const { to } = state.edge;
      if (to === first.from) {
        if (state.met !== all) continue;
        const path: Edge[] = [];
        for (let at: State | null = state; at !== null; at = at.before) path.unshift(at.edge);
        return path;
      }
      const met = seen.get(to) ?? new Set<number>();
      if (met.has(state.met)) continue;
      seen.set(to, met.add(state.met));
      for (const edge of this.#from.get(to) ?? []) {
        if (component.has(edge.to)) queue.push({ edge, met: meets(edge, state.met), before: state });
      }
    }
    return null;
  }
}

function report(cycle: readonly Edge[]): { cycle: number[]; steps: object[] } {
  const steps = cycle.map(({ from, to, type, key, value, next }) => {
    if (type === 'process' || type === 'realtime') return { type };
    const aMop = stepIndex(from, 'send', key!, value!);
    if (type === 'ww') return { type, key, value, "value'": next, aMop, bMop: stepIndex(to, 'send', key!, next!) };
    return { type, key, value, aMop, bMop: stepIndex(to, 'poll', key!, value!) };
  });
  return { cycle: [...cycle.map((edge) => edge.from.index), cycle[0]!.from.index], steps };
}

function stepIndex(operation: Operation, kind: 'send' | 'poll', key: Key, value: Value): number {
  return operation.steps.findIndex((step) => {
    if (step.kind !== kind) return false;
    const single = { ...operation, steps: [step] };
    return (kind === 'send' ? sentBy(single) : polledBy(single)).get(key)?.includes(value) === true;
  });
}
