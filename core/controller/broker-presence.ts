import { type ConnectionHandler, type Network, NetworkError, type Timers } from '../runtime.ts';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Between two dials. */
const AGAIN_MS = 50;
const DIAL_MS = 1000;
/** So many dials in a row must say the same. The kernel may end a dying process' connections before its listener. */
const DIALS_ALIKE = 2;

type Dialled = 'refused' | 'accepted' | 'silent';

/**
 * Signs that a broker's process has ended, long before its session runs out: a connection that it spoke over ends, and
 * where it served its peers connections are refused, which only a living host does for a process that is gone. A broken
 * connection alone is no sign, and silence is none: a broker that is paused, slow or cut off has its session.
 */
export class BrokerPresence {
  readonly #network: Network;
  readonly #timers: Timers;
  /** Broker by connection that it spoke over. */
  readonly #speakers = new Map<number, number>();
  readonly #asked = new Set<number>();

  constructor(runtime: { readonly network: Network; readonly timers: Timers }) {
    this.#network = runtime.network;
    this.#timers = runtime.timers;
  }

  spoke(brokerId: number, connectionId: number): void {
    this.#speakers.set(connectionId, brokerId);
  }

  /** The broker that spoke over this connection; null for none. */
  closed(connectionId: number): number | null {
    const brokerId = this.#speakers.get(connectionId) ?? null;
    this.#speakers.delete(connectionId);
    return brokerId;
  }

  /** Calls `ended` when dial after dial is refused; never when they are accepted or unanswered. One question about a broker at a time. */
  ask(brokerId: number, endpoint: Endpoint, ended: () => void): void {
    if (this.#asked.has(brokerId)) return;
    this.#asked.add(brokerId);
    const dial = (before: Dialled, alike: number): void => {
      this.#dial(endpoint, (dialled) => {
        const count = dialled === before ? alike + 1 : 1;
        if (dialled !== 'silent' && count < DIALS_ALIKE) {
          this.#timers.after(AGAIN_MS, () => dial(dialled, count));
          return;
        }
        this.#asked.delete(brokerId);
        if (dialled === 'refused') ended();
      });
    };
    dial('silent', 0);
  }

  #dial({ host, port }: Endpoint, done: (dialled: Dialled) => void): void {
    this.#network.connect(host, port, DIAL_MS).then(
      (connection) => {
        connection.handler = deaf;
        connection.destroy();
        done('accepted');
      },
      (error: unknown) => done(error instanceof NetworkError && error.code === 'ECONNREFUSED' ? 'refused' : 'silent'),
    );
  }
}

const deaf: ConnectionHandler = { data: () => {}, closed: () => {} };
