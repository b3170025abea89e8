/** What the active controller knows of a broker's liveness. It is in no log: a new controller gives every broker a fresh session. */
export interface BrokerSession {
  lastContactMs: number;
  /** Metadata offset that the broker said it has replayed. */
  metadataOffset: number;
  /** Offset of the record that moved it into controlled shutdown, -1 when it is not. */
  controlledShutdownOffset: number;
}

/** Sessions of the registered brokers, by id. Times are monotonic ms. */
export class BrokerSessions {
  readonly #sessions = new Map<number, BrokerSession>();
  readonly #timeoutMs: number;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  get(id: number): BrokerSession | undefined {
    return this.#sessions.get(id);
  }

  touch(id: number, nowMs: number, metadataOffset: number): BrokerSession {
    const session = this.#sessions.get(id) ?? {
      lastContactMs: nowMs,
      metadataOffset: -1,
      controlledShutdownOffset: -1,
    };
    session.lastContactMs = nowMs;
    session.metadataOffset = Math.max(session.metadataOffset, metadataOffset);
    this.#sessions.set(id, session);
    return session;
  }

  /** A new registration: what the former life said counts no more. */
  restart(id: number, nowMs: number): void {
    this.#sessions.set(id, { lastContactMs: nowMs, metadataOffset: -1, controlledShutdownOffset: -1 });
  }

  remove(id: number): void {
    this.#sessions.delete(id);
  }

  isAlive(id: number, nowMs: number): boolean {
    const session = this.#sessions.get(id);
    return session !== undefined && nowMs - session.lastContactMs < this.#timeoutMs;
  }

  expiresAtMs(id: number): number | null {
    const session = this.#sessions.get(id);
    return session === undefined ? null : session.lastContactMs + this.#timeoutMs;
  }
}
