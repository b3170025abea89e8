import { cutLinks } from '../../workloads/partition-shape.ts';
import { type ActionOf, ending, type Inject, MS } from './fault.ts';

/** Links are cut by shape, for good or coming and going. */
export const partition: Inject<ActionOf<'partition'>> = (action, context) => {
  const { shape } = action;
  const { nodes, links } = cutLinks(shape, {
    brokers: context.brokers,
    clients: context.clients,
    targets: shape.kind === 'isolate' ? context.resolve(shape.target) : [],
    below: (bound) => context.random.below(bound),
  });
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
