import { connect, createServer, type Server, type Socket } from 'node:net';
import { RelayFlow, type RelayLink } from './relay-flow.ts';

export interface RelayOptions {
  readonly host: string;
  /** Where others connect. */
  readonly port: number;
  /** Where the broker really listens. */
  readonly brokerPort: number;
  /** Both directions between who connects from this address and the broker. */
  readonly linksFor: (address: string) => RelayLinks;
}

export interface RelayLinks {
  /** Who connects; named as the links name it. */
  readonly peer: number;
  readonly in: RelayLink;
  readonly out: RelayLink;
}

interface Relayed {
  readonly peer: number;
  /** Breaks it, for both ends. */
  reset(): void;
}

/** How often a connection that a cut holds back looks whether it may go on. */
const HELD_LOOK_MS = 20;

/**
 * A listener in front of one listener of a broker. While the broker's process runs it accepts, as a kernel would, also
 * through a cut: what is sent then waits here, in bounded memory. While it does not run nobody listens, so that
 * connections are refused as they would be without a relay.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #connections = new Set<Relayed>();
  #server: Server | null = null;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  get port(): number {
    return this.#options.port;
  }

  async listen(): Promise<void> {
    if (this.#server !== null) return;
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
    this.#server = server;
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        // Accepting may fail for want of descriptors; the listener goes on when there are some again.
        server.on('error', () => {});
        resolve();
      });
    });
  }

  /** New connections are refused from now on; what is open goes on. */
  stopListening(): void {
    this.#server?.close();
    this.#server = null;
  }

  /** Breaks the connections of one party, or all; returns how many there were. */
  reset(peer: number | null): number {
    let count = 0;
    for (const relayed of [...this.#connections]) {
      if (peer !== null && relayed.peer !== peer) continue;
      relayed.reset();
      count++;
    }
    return count;
  }

  close(): void {
    this.stopListening();
    this.reset(null);
  }

  #accept(near: Socket): void {
    const links = this.#options.linksFor(near.remoteAddress ?? '');
    near.on('error', () => {});
    let far: Socket | null = null;
    const relayed: Relayed = {
      peer: links.peer,
      reset: () => {
        near.resetAndDestroy();
        far?.resetAndDestroy();
      },
    };
    this.#connections.add(relayed);
    near.once('close', () => {
      if (far === null) this.#connections.delete(relayed);
    });
    const dial = (): void => {
      if (near.destroyed) return;
      if (links.in.cuts > 0 || links.out.cuts > 0) {
        links.in.held++;
        setTimeout(dial, HELD_LOOK_MS);
        return;
      }
      far = this.#join(near, links, () => this.#connections.delete(relayed));
    };
    near.pause();
    dial();
  }

  /** Connects to the broker and lets bytes flow both ways. */
  #join(near: Socket, links: RelayLinks, ended: () => void): Socket {
    const { host, brokerPort } = this.#options;
    const far = connect({ host, port: brokerPort, allowHalfOpen: true, noDelay: true });
    const there = new RelayFlow(near, far, links.in, false);
    const back = new RelayFlow(far, near, links.out, true);
    far.once('connect', () => there.open());
    // Its end, also that of a connection which the broker refused, travels back as everything does.
    far.on('error', () => {});
    let open = 2;
    const closed = (): void => {
      open--;
      if (open > 0) return;
      there.close();
      back.close();
      ended();
    };
    near.once('close', closed);
    far.once('close', closed);
    return far;
  }
}
