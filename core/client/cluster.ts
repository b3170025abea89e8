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
import type { ChannelSecurity } from './authentication.ts';
import { backoffMs } from './backoff.ts';
import { type Channel, ChannelError } from './channel.ts';
import { ClientError, clientError, refusal } from './client-error.ts';
import { type ConfigValues, type commonRules, invalid } from './config.ts';
import { MetadataCache, type TopicMetadata } from './metadata.ts';
import { NodeLink } from './node-link.ts';
import { securityOf } from './security-config.ts';

/**
 * Connections are apart by purpose: a waiting Fetch holds back every later answer on its connection, and a heartbeat
 * behind it would come too late.
 */
export type LinkPurpose = 'data' | 'fetch' | 'coordinator';

/** After this time an answer is overdue enough to ask others where the leaders are. Some answers to groups take long. */
const SLOW_MS: Readonly<Record<LinkPurpose, number>> = { data: 1500, fetch: 1500, coordinator: 5000 };
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
  readonly #bootstrap: NodeLink[] = [];
  readonly #links = new Map<string, NodeLink>();
  /** When a node was last found to have lost a leadership, or to hold it in a newer epoch (monotonic). */
  readonly #deposedNs = new Map<number, number>();
  /** Since when a leader cannot be reached (monotonic). */
  readonly #lostNs = new Map<number, number>();
  readonly #successionAlarm: Alarm;
  readonly #tracked = new Set<string>();
  readonly #autoCreate: boolean;
  readonly #security: ChannelSecurity;
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
    this.#security = securityOf(config, runtime);
    const servers = config['bootstrap.servers'];
    if (servers.length === 0) throw invalid('bootstrap.servers', 'name at least one host:port');
    for (const server of servers) {
      const address = parseAddress(server);
      this.#bootstrap.push(this.#newLink(() => address, 'data'));
    }
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
    const key = `${nodeId} ${purpose}`;
    let link = this.#links.get(key);
    if (link === undefined) {
      link = this.#newLink(() => this.metadata.node(nodeId), purpose);
      // It may wait for a host that is gone without a word: metadata from another one tells.
      link.onSlow = () => this.refreshSoon();
      this.#links.set(key, link);
    }
    return link;
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
    for (const link of this.#candidates()) {
      if (this.#closed) break;
      try {
        return await requestOn(await this.#openWithin(link, timeoutMs), api, draft, timeoutMs);
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
    for (const link of this.#bootstrap) link.close();
    for (const link of this.#links.values()) link.close();
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
      this.#applyMetadata(response, all);
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
      const isReached =
        this.#links.get(`${nodeId} data`)?.channel ?? this.#links.get(`${nodeId} fetch`)?.channel ?? null;
      if (isReached !== null || !this.metadata.leadsAny(nodeId)) this.#lostNs.delete(nodeId);
      else if (nowNs - sinceNs < SUCCESSION_MS * 1e6) {
        this.#successionAlarm.noLaterThan(nowNs + this.config['retry.backoff.ms'] * 1e6);
      }
    }
  }

  /** What was asked of a node that is no more, or does not lead any more what it led then, need not be waited for. */
  #applyMetadata(response: Message<(typeof metadataApi)['response']>, all: boolean): void {
    const deposed = this.metadata.apply(response, all);
    for (const nodeId of deposed) this.#deposedNs.set(nodeId, this.#nowNs());
    for (const [key, link] of this.#links) {
      link.checkAddress();
      const nodeId = Number.parseInt(key, 10);
      if (this.metadata.node(nodeId) === undefined) link.giveUpIfSlow(Number.POSITIVE_INFINITY);
      else if (!key.endsWith('coordinator')) link.giveUpIfSlow(this.#deposedNs.get(nodeId) ?? 0);
    }
  }

  #isComplete(topics: readonly { readonly errorCode: number }[]): boolean {
    return topics.every((topic) => topic.errorCode === ErrorCode.none);
  }

  /** The open channel; an attempt that is not done in time goes on, but is not waited for. */
  #openWithin(link: NodeLink, timeoutMs: number): Promise<Channel> {
    if (link.channel !== null) return Promise.resolve(link.channel);
    return new Promise((resolve, reject) => {
      const late = (): void => reject(new ChannelError('notSent', `no connection within ${timeoutMs} ms`));
      const timer = this.runtime.timers.after(timeoutMs, late);
      link.open().then(
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

  /**
   * The nodes to ask, best first: open and idle ones, then the rest in random order, then the bootstrap servers; last
   * those that owe an answer for too long, because their hosts may be gone.
   */
  *#candidates(): Generator<NodeLink> {
    const links = this.metadata.nodes().map((node) => this.link(node.id, 'data'));
    const known = links.filter((link) => !link.isSlow);
    const open = known.filter((link) => link.channel !== null).sort((a, b) => a.inFlight - b.inFlight);
    yield* open;
    yield* this.#shuffled(known.filter((link) => !open.includes(link) && !link.isBackingOff));
    yield* this.#shuffled(this.#bootstrap);
    yield* links.filter((link) => !known.includes(link));
  }

  #shuffled(links: readonly NodeLink[]): NodeLink[] {
    const shuffled = [...links];
    for (let last = shuffled.length - 1; last > 0; last--) {
      const chosen = this.runtime.random.below(last + 1);
      [shuffled[last], shuffled[chosen]] = [shuffled[chosen]!, shuffled[last]!];
    }
    return shuffled;
  }

  #newLink(address: () => { host: string; port: number } | undefined, purpose: LinkPurpose): NodeLink {
    const clientId = this.config['client.id'];
    return new NodeLink(
      {
        runtime: this.runtime,
        clientId: clientId === '' ? null : clientId,
        connectTimeoutMs: this.config['socket.connection.setup.timeout.ms'],
        connectTimeoutMaxMs: this.config['socket.connection.setup.timeout.max.ms'],
        backoffMs: this.config['reconnect.backoff.ms'],
        backoffMaxMs: this.config['reconnect.backoff.max.ms'],
        security: this.#security,
        slowMs: SLOW_MS[purpose],
      },
      address,
    );
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

/** "host:port", with brackets around an IPv6 host. @throws ClientError 'configuration'. */
export function parseAddress(text: string): { host: string; port: number } {
  const match = /^(?:[a-zA-Z_]+:\/\/)?(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || !(port >= 1 && port <= 65535))
    throw invalid('bootstrap.servers', `${text} is not host:port`);
  return { host, port };
}
