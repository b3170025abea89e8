import type { Runtime } from '../runtime.ts';
import type { ChannelSecurity } from './authentication.ts';
import { type ConfigValues, type commonRules, invalid } from './config.ts';
import type { MetadataCache } from './metadata.ts';
import { NodeLink } from './node-link.ts';

/**
 * Connections are apart by purpose: a waiting Fetch holds back every later answer on its connection, and a heartbeat
 * behind it would come too late.
 */
export type LinkPurpose = 'data' | 'fetch' | 'coordinator';

/** After this time an answer is overdue enough to ask others where the leaders are. Some answers to groups take long. */
const SLOW_MS: Readonly<Record<LinkPurpose, number>> = { data: 1500, fetch: 1500, coordinator: 5000 };

/** The ways to every node: to the bootstrap servers, and one to each node and purpose of the metadata. */
export class NodeLinks {
  readonly #runtime: Runtime;
  readonly #config: ConfigValues<typeof commonRules>;
  readonly #security: ChannelSecurity;
  readonly #metadata: MetadataCache;
  readonly #overdue: () => void;
  readonly #bootstrap: NodeLink[] = [];
  readonly #links = new Map<string, NodeLink>();
  /** When a node was last found to have lost a leadership, or to hold it in a newer epoch (monotonic). */
  readonly #deposedNs = new Map<number, number>();

  /** `overdue`: told while a node owes an answer or a connection for too long. @throws ClientError 'configuration'. */
  constructor(
    runtime: Runtime,
    config: ConfigValues<typeof commonRules>,
    security: ChannelSecurity,
    metadata: MetadataCache,
    overdue: () => void,
  ) {
    this.#runtime = runtime;
    this.#config = config;
    this.#security = security;
    this.#metadata = metadata;
    this.#overdue = overdue;
    const servers = config['bootstrap.servers'];
    if (servers.length === 0) throw invalid('bootstrap.servers', 'name at least one host:port');
    for (const server of servers) {
      const address = parseAddress(server);
      this.#bootstrap.push(this.#newLink(() => address, 'data'));
    }
  }

  /** The link to a node, made on first use. */
  to(nodeId: number, purpose: LinkPurpose): NodeLink {
    const key = `${nodeId} ${purpose}`;
    let link = this.#links.get(key);
    if (link === undefined) {
      link = this.#newLink(() => this.#metadata.node(nodeId), purpose);
      // It may wait for a host that is gone without a word: metadata from another one tells.
      link.onSlow = this.#overdue;
      this.#links.set(key, link);
    }
    return link;
  }

  /** Whether a connection to this node, as a leader, is open. */
  reaches(nodeId: number): boolean {
    const channel = this.#links.get(`${nodeId} data`)?.channel ?? this.#links.get(`${nodeId} fetch`)?.channel ?? null;
    return channel !== null;
  }

  /**
   * The metadata has changed. What was asked of a node that is no more, or does not lead any more what it led then, need
   * not be waited for.
   */
  metadataChanged(deposed: Iterable<number>): void {
    for (const nodeId of deposed) this.#deposedNs.set(nodeId, this.#runtime.clock.monotonicNs());
    for (const [key, link] of this.#links) {
      link.checkAddress();
      const nodeId = Number.parseInt(key, 10);
      if (this.#metadata.node(nodeId) === undefined) link.giveUpIfSlow(Number.POSITIVE_INFINITY);
      else if (!key.endsWith('coordinator')) link.giveUpIfSlow(this.#deposedNs.get(nodeId) ?? 0);
    }
  }

  /**
   * The nodes to ask, best first: open and idle ones, then the rest in random order, then the bootstrap servers; last
   * those that owe an answer for too long, because their hosts may be gone.
   */
  *candidates(): Generator<NodeLink> {
    const links = this.#metadata.nodes().map((node) => this.to(node.id, 'data'));
    const known = links.filter((link) => !link.isSlow);
    const open = known.filter((link) => link.channel !== null).sort((a, b) => a.inFlight - b.inFlight);
    yield* open;
    yield* this.#shuffled(known.filter((link) => !open.includes(link) && !link.isBackingOff));
    yield* this.#shuffled(this.#bootstrap);
    yield* links.filter((link) => !known.includes(link));
  }

  close(): void {
    for (const link of this.#bootstrap) link.close();
    for (const link of this.#links.values()) link.close();
  }

  #shuffled(links: readonly NodeLink[]): NodeLink[] {
    const shuffled = [...links];
    for (let last = shuffled.length - 1; last > 0; last--) {
      const chosen = this.#runtime.random.below(last + 1);
      [shuffled[last], shuffled[chosen]] = [shuffled[chosen]!, shuffled[last]!];
    }
    return shuffled;
  }

  #newLink(address: () => { host: string; port: number } | undefined, purpose: LinkPurpose): NodeLink {
    const config = this.#config;
    const clientId = config['client.id'];
    return new NodeLink(
      {
        runtime: this.#runtime,
        clientId: clientId === '' ? null : clientId,
        connectTimeoutMs: config['socket.connection.setup.timeout.ms'],
        connectTimeoutMaxMs: config['socket.connection.setup.timeout.max.ms'],
        backoffMs: config['reconnect.backoff.ms'],
        backoffMaxMs: config['reconnect.backoff.max.ms'],
        security: this.#security,
        slowMs: SLOW_MS[purpose],
      },
      address,
    );
  }
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
