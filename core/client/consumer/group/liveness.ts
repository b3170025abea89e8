import type { Runtime } from '../../../runtime.ts';
import { Alarm } from '../../alarm.ts';
import { clientError } from '../../client-error.ts';
import type { Coordinator } from '../../coordinator.ts';
import type { CommitIdentity } from './commits.ts';
import { sendHeartbeat } from './heartbeat.ts';

export interface LivenessIntervals {
  readonly heartbeatMs: number;
  readonly sessionMs: number;
  /** Between two polls. */
  readonly pollMsMax: number;
}

export interface LivenessEvents {
  /** Who the heartbeat is for; null while none is to be sent: no member, or JoinGroup keeps the session alive. */
  member(): CommitIdentity | null;
  /** No poll for so long that the application cannot be taken for alive (KIP-62). */
  pollExpired(): void;
  /** The answer to a heartbeat, and the generation that it was sent for. */
  answered(errorCode: number, generation: number): void;
}

/** Keeps a member's session alive by heartbeats, for as long as its application polls. */
export class Liveness {
  readonly #runtime: Pick<Runtime, 'clock' | 'timers' | 'log'>;
  readonly #coordinator: Coordinator;
  readonly #intervals: LivenessIntervals;
  readonly #events: LivenessEvents;
  readonly #alarm: Alarm;
  #isPolling = false;
  #lastPollNs: number;
  #isHeartbeatInFlight = false;

  constructor(
    runtime: Pick<Runtime, 'clock' | 'timers' | 'log'>,
    coordinator: Coordinator,
    intervals: LivenessIntervals,
    events: LivenessEvents,
  ) {
    this.#runtime = runtime;
    this.#coordinator = coordinator;
    this.#intervals = intervals;
    this.#events = events;
    this.#lastPollNs = runtime.clock.monotonicNs();
    this.#alarm = new Alarm(runtime, () => this.#beat());
  }

  pollBegins(): void {
    this.#isPolling = true;
    this.#lastPollNs = this.#runtime.clock.monotonicNs();
  }

  pollEnds(): void {
    this.#isPolling = false;
    this.#lastPollNs = this.#runtime.clock.monotonicNs();
  }

  /** The next heartbeat is due an interval from now. */
  start(): void {
    this.#alarm.noLaterThan(this.#runtime.clock.monotonicNs() + this.#intervals.heartbeatMs * 1e6);
  }

  stop(): void {
    this.#alarm.cancel();
  }

  #beat(): void {
    const member = this.#events.member();
    if (member === null) return;
    const silentNs = this.#runtime.clock.monotonicNs() - this.#lastPollNs;
    if (!this.#isPolling && silentNs > this.#intervals.pollMsMax * 1e6) {
      this.#events.pollExpired();
      return;
    }
    this.start();
    if (this.#isHeartbeatInFlight) return;
    this.#isHeartbeatInFlight = true;
    void sendHeartbeat(this.#coordinator, member, this.#intervals.sessionMs).then(
      (errorCode) => {
        this.#isHeartbeatInFlight = false;
        this.#events.answered(errorCode, member.generation);
      },
      (error) => {
        this.#isHeartbeatInFlight = false;
        this.#runtime.log.debug('heartbeat failed', { reason: clientError(error).message });
      },
    );
  }
}
