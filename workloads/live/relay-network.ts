import { connect, createServer } from 'node:net';
import { Relay } from './relay.ts';
import { RelayLink } from './relay-flow.ts';

/** The one party that is no broker: all clients of the run. */
export const CLIENTS = 0;
const HOST = '127.0.0.1';
const PROBE_MS = 1000;

export interface RelayedPorts {
  readonly nodeId: number;
  /** What others dial, and where the broker really listens: for clients, and for the quorum. */
  readonly client: { readonly relay: number; readonly broker: number };
  readonly controller: { readonly relay: number; readonly broker: number } | null;
}

/** Who connects is told by its address: each broker connects from one of its own, which Linux has without being asked. */
export function addressOf(nodeId: number): string {
  return `127.0.1.${nodeId}`;
}

/** Whether this machine lets a process connect from such addresses. */
export function hasAddresses(): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(0, addressOf(1), () => server.close(() => resolve(true)));
  });
}

/** The network of a local cluster: every connection to a broker passes a relay, in which it can be hurt. */
export class RelayNetwork {
  readonly #relays = new Map<number, Relay[]>();
  readonly #links = new Map<string, RelayLink>();
  readonly #running = new Set<number>();
  readonly #refusing = new Set<number>();

  constructor(ports: readonly RelayedPorts[]) {
    for (const { nodeId, client, controller } of ports) {
      const both = controller === null ? [client] : [client, controller];
      this.#relays.set(
        nodeId,
        both.map(
          ({ relay, broker }) =>
            new Relay({ host: HOST, port: relay, brokerPort: broker, linksFor: this.#linksTo(nodeId) }),
        ),
      );
    }
  }

  get brokers(): readonly number[] {
    return [...this.#relays.keys()];
  }

  /** One direction; made when it is first needed. */
  link(from: number, to: number): RelayLink {
    const key = `${from}>${to}`;
    let link = this.#links.get(key);
    if (link === undefined) {
      link = new RelayLink();
      this.#links.set(key, link);
    }
    return link;
  }

  /** Both directions to and from everybody else. */
  linksOf(nodeId: number): RelayLink[] {
    return [CLIENTS, ...this.brokers]
      .filter((other) => other !== nodeId)
      .flatMap((other) => [this.link(nodeId, other), this.link(other, nodeId)]);
  }

  /** The broker's process is about to listen. */
  async started(nodeId: number): Promise<void> {
    this.#running.add(nodeId);
    await this.#listen(nodeId);
  }

  /** The broker's process is gone: nobody listens for it any more. */
  ended(nodeId: number): void {
    this.#running.delete(nodeId);
    for (const relay of this.#relays.get(nodeId) ?? []) relay.stopListening();
  }

  /** Breaks every connection to and from a broker; returns how many. */
  reset(nodeId: number): number {
    let count = 0;
    for (const [id, relays] of this.#relays) {
      for (const relay of relays) count += relay.reset(id === nodeId ? null : nodeId);
    }
    return count;
  }

  /** New connections to the broker are refused. Resolves to whether they are. */
  async refuse(nodeId: number): Promise<boolean> {
    this.#refusing.add(nodeId);
    const relays = this.#relays.get(nodeId) ?? [];
    for (const relay of relays) relay.stopListening();
    const refused = await Promise.all(relays.map(({ port }) => isRefused(port)));
    return refused.length > 0 && refused.every((each) => each);
  }

  async accept(nodeId: number): Promise<void> {
    this.#refusing.delete(nodeId);
    await this.#listen(nodeId);
  }

  close(): void {
    for (const relays of this.#relays.values()) for (const relay of relays) relay.close();
  }

  async #listen(nodeId: number): Promise<void> {
    if (!this.#running.has(nodeId) || this.#refusing.has(nodeId)) return;
    await Promise.all((this.#relays.get(nodeId) ?? []).map((relay) => relay.listen()));
  }

  #linksTo(nodeId: number) {
    return (address: string) => {
      const peer = this.brokers.find((id) => address.endsWith(addressOf(id))) ?? CLIENTS;
      return { peer, in: this.link(peer, nodeId), out: this.link(nodeId, peer) };
    };
  }
}

function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: HOST, port });
    const done = (refused: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(refused);
    };
    const timer = setTimeout(() => done(false), PROBE_MS);
    socket.once('connect', () => done(false));
    socket.once('error', (error: NodeJS.ErrnoException) => done(error.code === 'ECONNREFUSED'));
  });
}
