import type { Link } from '../network/link.ts';
import type { SimNode } from '../node.ts';
import { type ActionOf, type FaultContext, type Inject, lasting, MS } from './fault.ts';

/** Every link of a node is slow: messages take longer, vary more, and share less bandwidth. */
export const slowLink: Inject<ActionOf<'slow-link'>> = (action, context) =>
  lasting(context.resolve(action.target), action.forMs, context, (node) => {
    const links = linksOf(node, context);
    for (const link of links) {
      link.extraDelayNs += action.delayMs * MS;
      link.jitterNs += action.jitterMs * MS;
      if (action.bytesPerSecond !== null) link.bytesPerSecond = Math.min(link.bytesPerSecond, action.bytesPerSecond);
    }
    const end = (): void => {
      for (const link of links) {
        link.extraDelayNs = Math.max(0, link.extraDelayNs - action.delayMs * MS);
        link.jitterNs = Math.max(0, link.jitterNs - action.jitterMs * MS);
        link.bytesPerSecond = Infinity;
      }
    };
    return { end, confirmed: () => links.length > 0 };
  });

export const partialReads: Inject<ActionOf<'partial-reads'>> = (action, context) =>
  lasting(context.resolve(action.target), action.forMs, context, (node) => {
    const links = linksOf(node, context);
    for (const link of links) link.inPieces = true;
    const end = (): void => {
      for (const link of links) link.inPieces = false;
    };
    return { end, confirmed: () => links.length > 0 };
  });

/** Both directions to and from every other node. */
export function linksOf(node: SimNode, { world, brokers, clients }: FaultContext): Link[] {
  const links: Link[] = [];
  for (const other of [...brokers, ...clients]) {
    if (other !== node) links.push(world.network.link(node, other), world.network.link(other, node));
  }
  return links;
}
