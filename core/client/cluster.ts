import { bounded } from '../bounded.ts';
import {
  type ApiSchema,
  type Draft,
  ErrorCode,
  errorInfo,
  type Message,
  metadata as metadataApi,
} from '../protocol/index.ts';
import type { Runtime } from '../runtime.ts';
import { Alarm } from './alarm.ts';
import { backoffMs } from './backoff.ts';
import type { Channel } from './channel.ts';
import { ChannelError } from './channel-error.ts';
import { ClientError, clientError, refusal } from './client-error.ts';
import type { ConfigValues, commonRules } from './config.ts';
import { MetadataCache, type TopicMetadata } from './metadata.ts';
import type { NodeLink } from './node-link.ts';
import { type LinkPurpose, NodeLinks } from './node-links.ts';
import { securityOf } from './security-config.ts';

/** How long one node may take to answer for the metadata, doubled with each refresh that failed; then another is asked. */
const METADATA_MS = 5000;
/** For so long after a leader could not be reached its successor is looked for without longer and longer pauses. */
const SUCCESSION_MS = 2000;

/** A draft, or what makes one once the version is known. */
export type DraftFor<A extends ApiSchema> = Draft<A['request']> | ((version: number) => Draft<A['request']>);

export type ClusterConfig = ConfigValues<typeof commonRules>;

/**
 * The brokers as a client sees them: metadata that is kept current, and a link to each node. Nothing here runs unless
 * a topic is tracked or something is asked for.
 */
export class Cluster {
  readonly runtime: Runtime;
  readonly config: ClusterConfig;
  readonly metadata: MetadataCache = new MetadataCache();
  /** Called after every change of metadata. */
  onMetadata: (() => void) | null = null;
  readonly #links: NodeLinks;
  /** Since when a leader cannot be reached (monotonic). */
  readonly #lostNs = new Map<number, number>();
  readonly #successionAlarm: Alarm;
  readonly #tracked = new Set<string>();
  readonly #autoCreate: boolean;
  readonly #ageAlarm: Alarm;
  #trackAll = false;
  #refreshing: Promise<void> | null = null;
  #again: Promise<void> | null = null;
  #lastRefreshNs: number = Number.NEGATIVE_INFINITY;
  #failedRefreshes = 0;
  #closed = false;
  #refused: ClientError | null = null;

  constructor(runtime: Runtime, config: ClusterConfig, options: { autoCreateTopics?: boolean } = {}) {
    this.runtime = runtime;
    this.config = config;
    this.#autoCreate = options.autoCreateTopics ?? false;
    this.#links = new NodeLinks(runtime, config, securityOf(config, runtime), this.metadata, () => this.refreshSoon());
    this.#ageAlarm = new Alarm(runtime, () => this.refreshSoon());
    this.#successionAlarm = new Alarm(runtime, () => this.refreshSoon());
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** @throws ClientError 'authentication' when the last refresh failed because no broker accepts this client, or it none. */
  refuseUnlessAccepted(): void {
    if (this.#refused === null) return;
    // The next call may find it put right. A refresh never rejects: nothing is left floating.
    void this.refresh();
    throw this.#refused;
  }

  /** Keeps this topic's metadata current from the next refresh on. */
  track(topic: string): void {
    this.#tracked.add(topic);
  }

  untrack(topic: string): void {
    if (this.#tracked.delete(topic)) this.metadata.forget(topic);
  }

  /** Keeps all topics current, for subscriptions by pattern. */
  trackAll(): void {
    this.#trackAll = true;
  }

  /** Waits until the topic has partitions. @throws ClientError 'timeout', or 'refused' for what no retry cures. */
  async awaitTopic(name: string, timeoutMs: number): Promise<TopicMetadata> {
    this.track(name);
    const deadlineNs = this.#nowNs() + timeoutMs * 1e6;
    for (;;) {
      const topic = this.metadata.topic(name);
      if (topic !== undefined && topic.partitions.length > 0) return topic;
      if (topic !== undefined && !isTopicErrorTransient(topic.errorCode)) {
        throw refusal(`metadata of topic ${name}`, topic.errorCode, null, true);
      }
      const leftMs = (deadlineNs - this.#nowNs()) / 1e6;
      if (leftMs <= 0 || this.#closed) {
        const code = topic?.errorCode ?? -1;
        const reason = code > 0 ? errorInfo(code).name : 'no broker answered';
        throw new ClientError('timeout', `topic ${name} is not known after ${timeoutMs} ms: ${reason}`, code, true);
      }
      await this.within(this.refresh(), leftMs);
      this.refuseUnlessAccepted();
    }
  }

  /** Starts a refresh unless one is under way. */
  refreshSoon(): void {
    if (this.#refreshing === null && !this.#closed) void this.refresh();
  }

  /**
   * A request to a leader, or the connection to it, has failed. Others may lead any moment: metadata is asked for every
   * retry.backoff.ms, at first, until the node is reached again or leads nothing any more.
   */
  leaderLost(nodeId: number): void {
    if (!this.#lostNs.has(nodeId)) this.#lostNs.set(nodeId, this.#nowNs());
    this.refreshSoon();
  }

  /**
   * Resolves after a refresh that began at or after this call, successful or not; never rejects. Refreshes are
   * retry.backoff apart, longer while they fail.
   */
  refresh(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    if (this.#refreshing === null) {
      this.#refreshing = this.#refreshOnce().finally(() => {
        this.#refreshing = null;
      });
      return this.#refreshing;
    }
    this.#again ??= this.#refreshing.then(() => {
      this.#again = null;
      return this.refresh();
    });
    return this.#again;
  }

  /** The link to a node, made on first use. */
  link(nodeId: number, purpose: LinkPurpose): NodeLink {
    return this.#links.to(nodeId, purpose);
  }

  /** One request to one node, connecting first. Rejects with ChannelError. */
  async request<A extends ApiSchema>(
    nodeId: number,
    purpose: LinkPurpose,
    api: A,
    draft: DraftFor<A>,
    timeoutMs: number = this.config['request.timeout.ms'],
  ): Promise<Message<A['response']>> {
    return requestOn(await this.link(nodeId, purpose).open(), api, draft, timeoutMs);
  }

  /** One request to whichever node answers. Rejects with the last node's ChannelError. */
  async requestAny<A extends ApiSchema>(
    api: A,
    draft: DraftFor<A>,
    timeoutMs: number = this.config['request.timeout.ms'],
  ): Promise<Message<A['response']>> {
    let failure: unknown = new ChannelError('notSent', 'no broker is known');
    for (const link of this.#links.candidates()) {
      if (this.#closed) break;
      try {
        return await requestOn(await link.openWithin(timeoutMs), api, draft, timeoutMs);
      } catch (error) {
        // Another node would refuse the same password: one attempt fewer towards a lockout.
        if (!(error instanceof ChannelError) || error.kind === 'authentication') throw error;
        failure = error;
      }
    }
    throw failure;
  }

  /** Resolves with the promise, or after `timeoutMs` without it. The promise must not reject. */
  within(promise: Promise<void>, timeoutMs: number): Promise<void> {
    return bounded(this.runtime.timers, promise, Math.max(0, timeoutMs), undefined);
  }

  close(): void {
    this.#closed = true;
    this.#ageAlarm.cancel();
    this.#successionAlarm.cancel();
    this.#links.close();
  }

  async #refreshOnce(): Promise<void> {
    const { random, timers } = this.runtime;
    const baseMs = this.config['retry.backoff.ms'];
    const spacingMs = backoffMs(this.#failedRefreshes, baseMs, this.config['retry.backoff.max.ms'], random);
    const waitMs = this.#lastRefreshNs / 1e6 + spacingMs - this.#nowNs() / 1e6;
    if (waitMs > 0) await timers.sleep(waitMs);
    if (this.#closed) return;
    this.#lastRefreshNs = this.#nowNs();
    const all = this.#trackAll;
    const names = [...this.#tracked];
    let wanting = names.length > 0 || all;
    try {
      const draft: DraftFor<typeof metadataApi> = (version) => ({
        // Version 0 has no way to ask for no topic: an empty list means all there.
        topics: all ? (version === 0 ? [] : null) : names.map((name) => ({ name })),
        ...(version >= 4 ? { allowAutoTopicCreation: this.#autoCreate } : {}),
      });
      const patienceMs = METADATA_MS * 2 ** Math.min(this.#failedRefreshes, 20);
      const timeoutMs = Math.min(patienceMs, this.config['request.timeout.ms']);
      const response = await this.requestAny(metadataApi, draft, timeoutMs);
      this.#refused = null;
      this.#failedRefreshes =
        response.errorCode === ErrorCode.none && this.#isComplete(response.topics) ? 0 : this.#failedRefreshes + 1;
      this.#links.metadataChanged(this.metadata.apply(response, all));
      wanting = response.topics.some(({ errorCode }) => errorCode !== 0 && isTopicErrorTransient(errorCode));
    } catch (error) {
      this.#failedRefreshes++;
      const failure = clientError(error);
      this.#refused = failure.kind === 'authentication' ? failure : null;
      if (this.#refused !== null) wanting = false;
      this.runtime.log.debug('metadata refresh failed', { reason: failure.message });
    }
    if (this.#closed) return;
    // A broker that has not heard of a new topic yet is asked again at once (that is, after the backoff): a group whose
    // leader knows no partitions would read nothing until the metadata is old.
    const dueMs = wanting ? 0 : this.config['metadata.max.age.ms'];
    this.#ageAlarm.noLaterThan(this.#nowNs() + dueMs * 1e6);
    this.#lookForSuccessors();
    this.onMetadata?.();
  }

  #lookForSuccessors(): void {
    const nowNs = this.#nowNs();
    for (const [nodeId, sinceNs] of this.#lostNs) {
      if (this.#links.reaches(nodeId) || !this.metadata.leadsAny(nodeId)) this.#lostNs.delete(nodeId);
      else if (nowNs - sinceNs < SUCCESSION_MS * 1e6) {
        this.#successionAlarm.noLaterThan(nowNs + this.config['retry.backoff.ms'] * 1e6);
      }
    }
  }

  #isComplete(topics: readonly { readonly errorCode: number }[]): boolean {
    return topics.every((topic) => topic.errorCode === ErrorCode.none);
  }

  #nowNs(): number {
    return this.runtime.clock.monotonicNs();
  }
}

/** One request at the highest common version. Rejects with ChannelError. */
export function requestOn<A extends ApiSchema>(
  channel: Channel,
  api: A,
  draft: DraftFor<A>,
  timeoutMs: number,
  cap?: number,
): Promise<Message<A['response']>> {
  const version = channel.version(api, cap);
  if (version === null) {
    return Promise.reject(new ChannelError('unsupportedVersion', `the broker has no common version of ${api.name}`));
  }
  return channel.request(api, version, typeof draft === 'function' ? draft(version) : draft, timeoutMs);
}

/** A topic that is being created, or whose leaders are being elected, comes with these. */
function isTopicErrorTransient(code: number): boolean {
  return code === ErrorCode.none || errorInfo(code).retriable;
}
