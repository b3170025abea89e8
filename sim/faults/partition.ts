import type { SimNode } from '../node.ts';
import { type ActionOf, ending, type FaultContext, type Inject, MS } from './fault.ts';

/** One direction of one link. */
type Direction = readonly [from: SimNode, to: SimNode];

/** Links are cut by shape, for good or coming and going. */
export const partition: Inject<ActionOf<'partition'>> = (action, context) => {
  const { nodes, links } = shape(action, context);
  if (links.length === 0) return null;
  let undo: (() => void)[] = [];
  let healed = false;
  const mend = (): void => {
    for (const each of undo) each();
    undo = [];
  };
  const turn = (): void => {
    if (healed) return;
    if (undo.length > 0) mend();
    else undo = links.map(([from, to]) => context.world.network.cut(from, to));
    if (action.flapMs !== null) context.after(action.flapMs * MS, turn);
  };
  turn();
  const end = ending(context.world, () => {
    healed = true;
    mend();
  });
  if (action.forMs !== null) context.after(action.forMs * MS, end.heal);
  return { nodes, confirmed: () => true, ...end };
};

function shape(
  { shape }: ActionOf<'partition'>,
  context: FaultContext,
): { nodes: readonly SimNode[]; links: readonly Direction[] } {
  const { brokers } = context;
  if (shape.kind === 'isolate') {
    const targets = context.resolve(shape.target);
    const others = [...brokers, ...(shape.clients ? context.clients : [])].filter((node) => !targets.includes(node));
    const links: Direction[] = [];
    for (const target of targets) {
      for (const other of others) {
        if (shape.direction !== 'in') links.push([target, other]);
        if (shape.direction !== 'out') links.push([other, target]);
      }
    }
    return { nodes: targets, links };
  }
  const order = shuffled(brokers, context);
  if (shape.kind === 'halves') {
    const minority = order.slice(0, Math.floor((order.length - 1) / 2));
    const majority = order.slice(minority.length);
    // Every client is on one side.
    for (const client of context.clients) (context.random.below(2) === 0 ? minority : majority).push(client);
    return { nodes: minority, links: between(minority, majority) };
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
  const links: Direction[] = [];
  for (let one = 0; one < count; one++) {
    for (let other = 0; other < count; other++) {
      const distance = Math.min((one - other + count) % count, (other - one + count) % count);
      if (distance > reach) links.push([order[one]!, order[other]!]);
    }
  }
  return { nodes: order, links };
}

function between(one: readonly SimNode[], other: readonly SimNode[]): Direction[] {
  const links: Direction[] = [];
  for (const a of one) for (const b of other) links.push([a, b], [b, a]);
  return links;
}

function shuffled(nodes: readonly SimNode[], { random }: FaultContext): SimNode[] {
  const order = [...nodes];
  for (let last = order.length - 1; last > 0; last--) {
    const chosen = random.below(last + 1);
    [order[last], order[chosen]] = [order[chosen]!, order[last]!];
  }
  return order;
}
