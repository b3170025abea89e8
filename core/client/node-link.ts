import type { Runtime, Timer } from '../runtime.ts';
import { Alarm } from './alarm.ts';
import type { ChannelSecurity } from './authentication.ts';
import { backoffMs } from './backoff.ts';
import { type Channel, openChannel } from './channel.ts';
import { ChannelError } from './channel-error.ts';

export interface LinkOptions {
  readonly runtime: Pick<Runtime, 'network' | 'timers' | 'clock' | 'random'>;
  readonly clientId: string | null;
  /** Of the first attempt; doubled with each one that fails (KIP-601). */
  readonly connectTimeoutMs: number;
  readonly connectTimeoutMaxMs: number;
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
  readonly security: ChannelSecurity;
  /** A request waits for this long: perhaps nobody is there to answer. */
  readonly slowMs: number;
}

/** The way to one node: a channel when there is one, and the patience between attempts to make it. */
export class NodeLink {
  readonly #options: LinkOptions;
  readonly #address: () => { host: string; port: number } | undefined;
  #channel: Channel | null = null;
  #opening: Promise<Channel> | null = null;
  #failures = 0;
  #notBeforeNs = 0;
  #connectedTo = '';
  #cancelPause: (() => void) | null = null;
  #closed = false;
  /** Called while a request or a connection takes longer than slowMs, once in each such time. */
  onSlow: (() => void) | null = null;
  #openingSinceNs: number | null = null;
  readonly #openingAlarm: Alarm;

  /** `address` is asked at each attempt: a node may move. */
  constructor(options: LinkOptions, address: () => { host: string; port: number } | undefined) {
    this.#options = options;
    this.#address = address;
    this.#openingAlarm = new Alarm(options.runtime, () => {
      if (this.#openingSinceNs === null) return;
      this.#watchOpening();
      this.onSlow?.();
    });
  }

  /** The open channel, or null. */
  get channel(): Channel | null {
    return this.#channel;
  }

  /** Requests without an answer yet; 0 without a channel. */
  get inFlight(): number {
    return this.#channel?.inFlight ?? 0;
  }

  /** A request waits longer than an answer should take, or the connection is as late. */
  get isSlow(): boolean {
    const sinceNs = this.#channel === null ? this.#openingSinceNs : this.#channel.waitingSinceNs;
    if (sinceNs === null) return false;
    return this.#options.runtime.clock.monotonicNs() - sinceNs >= this.#options.slowMs * 1e6;
  }

  /** Gives up a slow connection whose oldest request was made before this time: its answer is not worth waiting for. */
  giveUpIfSlow(askedBeforeNs: number): void {
    const sinceNs = this.#channel?.waitingSinceNs ?? null;
    if (this.isSlow && sinceNs !== null && sinceNs < askedBeforeNs) this.#channel?.close();
  }

  /** The last attempt failed, and the pause after it is not over. */
  get isBackingOff(): boolean {
    return this.#notBeforeNs > this.#options.runtime.clock.monotonicNs();
  }

  /** The open channel, or a new one; attempts are spaced by reconnect.backoff. Rejects with ChannelError of what was never sent. */
  open(): Promise<Channel> {
    if (this.#channel !== null) return Promise.resolve(this.#channel);
    if (this.#closed) return Promise.reject(new ChannelError('notSent', 'the client is closed'));
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  /** As `open`; an attempt that is not done in time goes on, but is not waited for. */
  openWithin(timeoutMs: number): Promise<Channel> {
    if (this.#channel !== null) return Promise.resolve(this.#channel);
    return new Promise((resolve, reject) => {
      const late = (): void => reject(new ChannelError('notSent', `no connection within ${timeoutMs} ms`));
      const timer = this.#options.runtime.timers.after(timeoutMs, late);
      this.open().then(
        (channel) => {
          timer.cancel();
          resolve(channel);
        },
        (error: unknown) => {
          timer.cancel();
          reject(error);
        },
      );
    });
  }

  /** Drops the channel when the node has moved elsewhere. */
  checkAddress(): void {
    const address = this.#address();
    if (address === undefined || this.#channel === null) return;
    if (`${address.host}:${address.port}` !== this.#connectedTo) this.#channel.close();
  }

  close(): void {
    this.#closed = true;
    this.#openingAlarm.cancel();
    this.#cancelPause?.();
    this.#channel?.close();
  }

  async #connect(): Promise<Channel> {
    const { runtime, clientId, security } = this.#options;
    const waitMs = (this.#notBeforeNs - runtime.clock.monotonicNs()) / 1e6;
    if (waitMs > 0) await this.#pause(waitMs);
    const address = this.#address();
    if (address === undefined) throw new ChannelError('notSent', 'the node has no known address');
    let channel: Channel;
    this.#openingSinceNs = runtime.clock.monotonicNs();
    this.#watchOpening();
    try {
      const connectTimeoutMs = this.#connectTimeoutMs();
      const slow = { afterMs: this.#options.slowMs, tell: () => this.onSlow?.() };
      channel = await openChannel({ runtime, ...address, clientId, connectTimeoutMs, security, slow });
    } catch (error) {
      this.#failed();
      throw error;
    } finally {
      this.#openingSinceNs = null;
    }
    if (this.#closed) {
      channel.close();
      throw new ChannelError('notSent', 'the client is closed');
    }
    if (channel.closed) {
      this.#failed();
      throw new ChannelError('notSent', 'the broker closed the connection');
    }
    this.#failures = 0;
    this.#notBeforeNs = 0;
    this.#channel = channel;
    this.#connectedTo = `${address.host}:${address.port}`;
    channel.onClose = () => {
      this.#channel = null;
      // A node that takes connections and drops them at once must not be dialled in a tight loop.
      this.#failed();
    };
    return channel;
  }

  #watchOpening(): void {
    if (!this.#closed)
      this.#openingAlarm.noLaterThan(this.#options.runtime.clock.monotonicNs() + this.#options.slowMs * 1e6);
  }

  #connectTimeoutMs(): number {
    const { connectTimeoutMs: firstMs, connectTimeoutMaxMs: maxMs } = this.#options;
    return Math.max(firstMs, Math.min(maxMs, firstMs * 2 ** Math.min(this.#failures, 20)));
  }

  #failed(): void {
    const { runtime, backoffMs: baseMs, backoffMaxMs } = this.#options;
    this.#notBeforeNs =
      runtime.clock.monotonicNs() + backoffMs(this.#failures, baseMs, backoffMaxMs, runtime.random) * 1e6;
    this.#failures++;
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      let timer: Timer | null = null;
      this.#cancelPause = () => {
        timer?.cancel();
        this.#cancelPause = null;
        resolve();
      };
      timer = this.#options.runtime.timers.after(delayMs, this.#cancelPause);
    });
  }
}
