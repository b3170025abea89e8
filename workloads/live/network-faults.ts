import type { Random } from '../../core/runtime.ts';
import type { FaultAction, FaultKind } from '../fault.ts';
import { cutLinks } from '../partition-shape.ts';
import type { RelayLink } from './relay-flow.ts';
import { CLIENTS, type RelayNetwork } from './relay-network.ts';

const NETWORK_KINDS = ['partition', 'slow-link', 'connection-reset', 'refuse-connections', 'stall-then-reset'] as const;
export type NetworkAction = Extract<FaultAction, { kind: (typeof NETWORK_KINDS)[number] }>;

export function isNetworkKind(kind: FaultKind): kind is NetworkAction['kind'] {
  return (NETWORK_KINDS as readonly FaultKind[]).includes(kind);
}

export function isNetworkAction(action: FaultAction): action is NetworkAction {
  return isNetworkKind(action.kind);
}

/** A fault in force. */
export interface NetworkFault {
  readonly brokers: readonly number[];
  /** Whether something met it so far: a cut that held nothing back has shown nothing. */
  confirmed(): boolean;
  /** Ends it; idempotent. */
  end(): Promise<void>;
}

/** Injects a fault into the relays, on brokers that were looked up; null: there was nobody to hit. */
export async function injectNetworkFault(
  network: RelayNetwork,
  action: NetworkAction,
  targets: readonly number[],
  random: Random,
): Promise<NetworkFault | null> {
  if (action.kind === 'partition') return partition(network, action, targets, random);
  if (targets.length === 0) return null;
  switch (action.kind) {
    case 'slow-link':
      return slowLink(network, action, targets);
    case 'connection-reset': {
      const counts = targets.map((id) => network.reset(id));
      return { brokers: targets, confirmed: () => counts.every((count) => count > 0), end: once(() => {}) };
    }
    case 'refuse-connections': {
      const refused = await Promise.all(targets.map((id) => network.refuse(id)));
      const end = once(async () => {
        await Promise.all(targets.map((id) => network.accept(id)));
      });
      return { brokers: targets, confirmed: () => refused.every((each) => each), end };
    }
    case 'stall-then-reset': {
      const links = targets.flatMap((id) => network.linksOf(id));
      const cut = cutAll(links);
      const end = once(() => {
        // First the connections, so that no held byte arrives after all.
        for (const id of targets) network.reset(id);
        cut.mend();
      });
      return { brokers: targets, confirmed: cut.met, end };
    }
  }
}

function partition(
  network: RelayNetwork,
  { shape, flapMs }: Extract<NetworkAction, { kind: 'partition' }>,
  targets: readonly number[],
  random: Random,
): NetworkFault | null {
  const { nodes, links: pairs } = cutLinks(shape, {
    brokers: network.brokers,
    clients: [CLIENTS],
    targets,
    below: (bound) => random.below(bound),
  });
  if (pairs.length === 0) return null;
  const links = pairs.map(([from, to]) => network.link(from, to));
  let cut: ReturnType<typeof cutAll> | null = cutAll(links);
  const { met } = cut;
  const flapping =
    flapMs === null
      ? null
      : setInterval(() => {
          if (cut === null) cut = cutAll(links);
          else {
            cut.mend();
            cut = null;
          }
        }, flapMs);
  const end = once(() => {
    if (flapping !== null) clearInterval(flapping);
    cut?.mend();
    cut = null;
  });
  return { brokers: nodes.filter((id) => id !== CLIENTS), confirmed: met, end };
}

function slowLink(
  network: RelayNetwork,
  { delayMs, jitterMs, bytesPerSecond }: Extract<NetworkAction, { kind: 'slow-link' }>,
  targets: readonly number[],
): NetworkFault {
  const links = targets.flatMap((id) => network.linksOf(id));
  const before = links.map(({ delayed }) => delayed);
  for (const link of links) {
    link.delayMs += delayMs;
    link.jitterMs += jitterMs;
    if (bytesPerSecond !== null) link.bytesPerSecond = Math.min(link.bytesPerSecond, bytesPerSecond);
  }
  const end = once(() => {
    for (const link of links) {
      link.delayMs = Math.max(0, link.delayMs - delayMs);
      link.jitterMs = Math.max(0, link.jitterMs - jitterMs);
      link.bytesPerSecond = Number.POSITIVE_INFINITY;
    }
  });
  return { brokers: targets, confirmed: () => links.some(({ delayed }, index) => delayed > before[index]!), end };
}

function cutAll(links: readonly RelayLink[]): { mend: () => void; met: () => boolean } {
  const before = links.map(({ held }) => held);
  for (const link of links) link.cut();
  return {
    mend: () => {
      for (const link of links) link.mend();
    },
    met: () => links.some(({ held }, index) => held > before[index]!),
  };
}

function once(action: () => void | Promise<void>): () => Promise<void> {
  let done: Promise<void> | null = null;
  return () => {
    done ??= Promise.resolve(action());
    return done;
  };
}
