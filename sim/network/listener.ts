import type { Connection, Listener } from '../../core/runtime.ts';
import type { Incarnation } from '../incarnation.ts';

/** A port that a process listens on. */
export class SimListener implements Listener {
  readonly host: string;
  readonly port: number;
  readonly accept: (connection: Connection) => void;
  readonly #incarnation: Incarnation;

  constructor(incarnation: Incarnation, host: string, port: number, accept: (connection: Connection) => void) {
    this.#incarnation = incarnation;
    this.host = host;
    this.port = port;
    this.accept = accept;
    incarnation.listeners.set(port, this);
  }

  async close(): Promise<void> {
    if (this.#incarnation.listeners.get(this.port) === this) this.#incarnation.listeners.delete(this.port);
  }
}
