import type { SimNode } from '../node.ts';
import { type ActionOf, type Inject, lasting, struck } from './fault.ts';
import { linksOf } from './links.ts';

export const connectionReset: Inject<ActionOf<'connection-reset'>> = (action, context) => {
  const nodes = context.resolve(action.target);
  return struck(
    nodes.filter((node) => breakAll(node) > 0),
    context,
  );
};

export const refuseConnections: Inject<ActionOf<'refuse-connections'>> = (action, context) =>
  lasting(context.resolve(action.target), action.forMs, context, (node) => {
    const before = node.refusedConnections;
    node.refusesConnections = true;
    const end = (): void => {
      node.refusesConnections = false;
    };
    return { end, confirmed: () => node.refusedConnections > before };
  });

/** Bytes stop; when they could flow again the connections are reset instead. */
export const stallThenReset: Inject<ActionOf<'stall-then-reset'>> = (action, context) =>
  lasting(context.resolve(action.target), action.forMs, context, (node) => {
    const undo = linksOf(node, context).map((link) => link.cut());
    const end = (): void => {
      // First the connections, so that no held byte arrives after all.
      breakAll(node);
      for (const each of undo) each();
    };
    return { end, confirmed: () => undo.length > 0 };
  });

function breakAll(node: SimNode): number {
  const connections = [...node.incarnation.connections];
  for (const connection of connections) connection.break();
  return connections.length;
}
