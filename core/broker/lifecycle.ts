import type { ControllerPort } from '../controller/admin.ts';
import { type BrokerRegistrationRequest, brokerHeartbeat, brokerRegistration, ErrorCode } from '../protocol/index.ts';
import type { Clock, Logger, Timer, Timers } from '../runtime.ts';
import type { MetadataView } from './services.ts';

export interface LifecycleOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  readonly controller: ControllerPort;
  readonly metadata: MetadataView;
  /** What this broker says of itself in its registration. */
  readonly registration: BrokerRegistrationRequest;
  /** broker.heartbeat.interval.ms */
  readonly heartbeatIntervalMs: number;
  /** Directory ids of log directories that have failed since (KIP-858). */
  readonly offlineLogDirectories: () => readonly string[];
  /** So many voters of the metadata quorum are down that no controller can decide anything. */
  readonly quorumIsDown: () => Promise<boolean>;
}

const REGISTRATION_VERSION = 4;
const HEARTBEAT_VERSION = 1;
const REQUEST_TIMEOUT_MS = 3000;
/** Between two tries of what a controller that is just starting cannot grant yet. */
const RETRY_MS = 10;
/** While the session of this broker's former life lasts (broker.session.timeout.ms, 9 s) its registration is refused. */
const REGISTRATION_RETRY_MAX_MS = 100;
/** Between two looks whether there is still a quorum that could let this broker go. */
const QUORUM_CHECK_MS = 150;
/** Looks in a row that must find it down: a connection may also have broken just by being idle. */
const QUORUM_CHECKS = 2;

/**
 * A broker's life as the controller sees it (KIP-631): it registers and gets an epoch, starts fenced, is unfenced once it
 * has replayed the metadata up to its own registration, says by heartbeats that it lives, and asks to be let go.
 */
export class BrokerLifecycle {
  readonly #options: LifecycleOptions;
  #epoch = -1;
  #state: 'fenced' | 'running' | 'leaving' | 'ended' = 'fenced';
  #timer: Timer | null = null;
  #beating: Promise<void> | null = null;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  /** Of the present registration, -1 before it. */
  get epoch(): number {
    return this.#epoch;
  }

  /**
   * Registers, catches up, prepares, is unfenced. Rejects after `timeoutMs`, when the controller refuses for good, or
   * with what `prepare` rejects.
   */
  async start(timeoutMs: number, prepare: () => Promise<void>): Promise<void> {
    const deadlineNs = this.#options.clock.monotonicNs() + timeoutMs * 1e6;
    await this.#register(deadlineNs);
    await prepare();
    while (this.#state === 'fenced') {
      this.#checkTime(deadlineNs, 'unfenced');
      await this.#beat();
      if (this.#state === 'fenced') await this.#options.timers.sleep(RETRY_MS);
    }
    this.#schedule();
  }

  async #register(deadlineNs: number): Promise<void> {
    const { controller, registration, metadata, timers } = this.#options;
    for (let pauseMs = RETRY_MS; ; pauseMs = Math.min(2 * pauseMs, REGISTRATION_RETRY_MAX_MS)) {
      this.#checkTime(deadlineNs, 'registered');
      const response = await controller.send(
        brokerRegistration,
        REGISTRATION_VERSION,
        registration,
        this.#origin(),
        REQUEST_TIMEOUT_MS,
      );
      const errorCode = response === null ? null : (response.errorCode ?? 0);
      if (errorCode === ErrorCode.none) {
        this.#epoch = response?.brokerEpoch ?? -1;
        await metadata.waitFor(this.#epoch + 1, REQUEST_TIMEOUT_MS);
        return;
      }
      if (errorCode !== null && isFinal(errorCode)) {
        throw new Error(`the controller refused to register broker ${registration.brokerId}: error ${errorCode}`);
      }
      await timers.sleep(pauseMs);
    }
  }

  #checkTime(deadlineNs: number, wanted: string): void {
    if (this.#options.clock.monotonicNs() < deadlineNs && this.#state !== 'ended') return;
    throw new Error(`broker ${this.#options.registration.brokerId} could not be ${wanted} in time`);
  }

  /** One heartbeat. Never rejects: a controller that does not answer is asked again at the next interval. */
  async #beat(): Promise<void> {
    const { controller, metadata, registration, log, offlineLogDirectories } = this.#options;
    try {
      const request = {
        brokerId: registration.brokerId,
        brokerEpoch: this.#epoch,
        currentMetadataOffset: metadata.image.endOffset - 1,
        wantFence: false,
        wantShutDown: this.#state === 'leaving',
        offlineLogDirs: [...offlineLogDirectories()],
        cordonedLogDirs: null,
      };
      const response = await controller.send(
        brokerHeartbeat,
        HEARTBEAT_VERSION,
        request,
        this.#origin(),
        REQUEST_TIMEOUT_MS,
      );
      if (response === null || this.#state === 'ended') return;
      const errorCode = response.errorCode ?? 0;
      if (errorCode === ErrorCode.staleBrokerEpoch || errorCode === ErrorCode.brokerIdNotRegistered) {
        log.warn('the controller does not know this registration any more', { epoch: this.#epoch, errorCode });
        if (this.#state !== 'leaving')
          await this.#register(this.#options.clock.monotonicNs() + REQUEST_TIMEOUT_MS * 1e6);
        return;
      }
      if (errorCode !== ErrorCode.none) return;
      if (this.#state === 'fenced' && response.isFenced === false) this.#state = 'running';
      if (this.#state === 'leaving' && response.shouldShutDown === true) this.#state = 'ended';
    } catch (error) {
      log.warn('a heartbeat failed', { error });
    }
  }

  #schedule(): void {
    if (this.#state !== 'running') return;
    this.#timer = this.#options.timers.after(this.#options.heartbeatIntervalMs, () => {
      this.#beating = this.#beat().then(() => {
        this.#beating = null;
        this.#schedule();
      });
    });
  }

  /**
   * Controlled shutdown: asks until the controller has moved everything away, at most `timeoutMs`. Ends early when the
   * quorum is down, as it is for the last nodes of a cluster that stops as a whole: nobody could grant it.
   */
  async leave(timeoutMs: number): Promise<void> {
    const wasRunning = this.#state === 'running';
    this.#timer?.cancel();
    this.#state = wasRunning ? 'leaving' : 'ended';
    if (wasRunning) await Promise.race([this.#askToLeave(timeoutMs), this.#quorumLost()]);
    this.#timer?.cancel();
    this.#state = 'ended';
  }

  async #askToLeave(timeoutMs: number): Promise<void> {
    const deadlineNs = this.#options.clock.monotonicNs() + timeoutMs * 1e6;
    await this.#beating;
    while (this.#state === 'leaving' && this.#options.clock.monotonicNs() < deadlineNs) {
      await this.#beat();
      if (this.#state === 'leaving') await this.#options.timers.sleep(RETRY_MS);
    }
    this.#state = 'ended';
  }

  /** Resolves when the quorum was found down while this broker still waits to be let go, or when it waits no more. */
  async #quorumLost(): Promise<void> {
    const { timers, quorumIsDown, log } = this.#options;
    let found = 0;
    while (found < QUORUM_CHECKS) {
      await new Promise<void>((resolve) => {
        this.#timer = timers.after(QUORUM_CHECK_MS, resolve);
      });
      if (this.#state !== 'leaving') return;
      found = (await quorumIsDown()) ? found + 1 : 0;
    }
    if (this.#state === 'leaving') log.info('leaving unasked: most voters of the metadata quorum are down');
  }

  /** Stops at once, as a crash would. */
  end(): void {
    this.#timer?.cancel();
    this.#state = 'ended';
  }

  #origin(): { principal: string; clientId: string; clientHost: string } {
    return { principal: 'User:ANONYMOUS', clientId: `broker-${this.#options.registration.brokerId}`, clientHost: '' };
  }
}

function isFinal(errorCode: number): boolean {
  return (
    errorCode === ErrorCode.inconsistentClusterId ||
    errorCode === ErrorCode.invalidRegistration ||
    errorCode === ErrorCode.unsupportedVersion
  );
}
