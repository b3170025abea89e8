import type { PartitionShape } from './fault.ts';

/** One direction of one link. */
export type Direction<N> = readonly [from: N, to: N];

export interface Parties<N> {
  readonly brokers: readonly N[];
  readonly clients: readonly N[];
  /** Whom the shape isolates, already looked up. */
  readonly targets: readonly N[];
  /** A whole number from 0, below the bound, from the fault's own stream. */
  readonly below: (bound: number) => number;
}

/** The links that a shape cuts, and whom it hits: the same in every world. */
export function cutLinks<N>(
  shape: PartitionShape,
  parties: Parties<N>,
): { readonly nodes: readonly N[]; readonly links: readonly Direction<N>[] } {
  const { brokers, clients, targets, below } = parties;
  if (shape.kind === 'isolate') {
    const others = [...brokers, ...(shape.clients ? clients : [])].filter((node) => !targets.includes(node));
    const links: Direction<N>[] = [];
    for (const target of targets) {
      for (const other of others) {
        if (shape.direction !== 'in') links.push([target, other]);
        if (shape.direction !== 'out') links.push([other, target]);
      }
    }
    return { nodes: targets, links };
  }
  const order = shuffled(brokers, below);
  if (shape.kind === 'halves') {
    const minority = order.slice(0, Math.floor((order.length - 1) / 2));
    const majority = order.slice(minority.length);
    const nodes = [...minority];
    // Every client is on one side.
    for (const client of clients) (below(2) === 0 ? minority : majority).push(client);
    return { nodes, links: between(minority, majority) };
  }
  if (shape.kind === 'bridge') {
    // The first is seen by both halves.
    const rest = order.slice(1);
    const half = Math.floor(rest.length / 2);
    return { nodes: order, links: between(rest.slice(0, half), rest.slice(half)) };
  }
  // Majority ring: each sees itself and its neighbours on a ring, just enough for a majority.
  const count = order.length;
  const reach = Math.ceil(Math.floor(count / 2) / 2);
  const links: Direction<N>[] = [];
  for (let one = 0; one < count; one++) {
    for (let other = 0; other < count; other++) {
      const distance = Math.min((one - other + count) % count, (other - one + count) % count);
      if (distance > reach) links.push([order[one]!, order[other]!]);
    }
  }
  return { nodes: order, links };
}

function between<N>(one: readonly N[], other: readonly N[]): Direction<N>[] {
  const links: Direction<N>[] = [];
  for (const a of one) for (const b of other) links.push([a, b], [b, a]);
  return links;
}

function shuffled<N>(nodes: readonly N[], below: (bound: number) => number): N[] {
  const order = [...nodes];
  for (let last = order.length - 1; last > 0; last--) {
    const chosen = below(last + 1);
    [order[last], order[chosen]] = [order[chosen]!, order[last]!];
  }
  return order;
}
