import { brokerDefinitions, nearestName } from './definitions.ts';
import type { ListenerEndpoint, StaticVoter } from './endpoints.ts';
import { parseEndpoint, parseServer, parseVoter, reachableHost } from './endpoints.ts';
import { type ConfigValue, parseValue, splitList } from './value.ts';

/** A setting that is missing, unknown or wrong. The message names the key, what it takes, and what was probably meant. */
export class ConfigError extends Error {
  readonly key: string;
  constructor(key: string, message: string) {
    super(message);
    this.name = 'ConfigError';
    this.key = key;
  }
}

/** Where an effective value comes from; the numbers are those of DescribeConfigs. */
export const ConfigSource = {
  topic: 1,
  dynamicBroker: 2,
  dynamicDefaultBroker: 3,
  staticBroker: 4,
  defaultValue: 5,
  brokerLogger: 6,
  clientMetrics: 7,
  group: 8,
} as const;
export type ConfigSource = (typeof ConfigSource)[keyof typeof ConfigSource];

export interface SourcedValue {
  readonly name: string;
  readonly value: string | null;
  readonly source: ConfigSource;
}

const none: ReadonlyMap<string, string> = new Map();
/** Plugins configure themselves through keys of their own, which no definition lists. */
const freeForm = /^(listener\.name\..+|rsm\.config\..+|rlmm\.config\..+|metrics\.jmx\..+)$/;

/**
 * A broker's settings: what its properties say, over Kafka's defaults, under what the cluster's metadata says
 * (KIP-226: broker dynamic → cluster default → static → default). Values were checked when they were set, so reading
 * one cannot fail; a name that no definition has is a bug of the caller.
 */
export class BrokerConfig {
  readonly staticValues: ReadonlyMap<string, string>;
  #own: ReadonlyMap<string, string> = none;
  #clusterDefault: ReadonlyMap<string, string> = none;
  readonly #parsed = new Map<string, ConfigValue | null>();
  readonly #changeListeners: ((names: ReadonlySet<string>) => void)[] = [];

  private constructor(values: ReadonlyMap<string, string>) {
    this.staticValues = values;
  }

  /** @throws ConfigError at the first setting that is unknown, missing, wrong or contradicts another. */
  static parse(values: Readonly<Record<string, string>>): BrokerConfig {
    const settings = new Map<string, string>();
    for (const key of Object.keys(values).sort()) {
      const definition = brokerDefinitions.get(key);
      const value = values[key]!;
      if (definition === undefined) {
        if (!freeForm.test(key)) throw unknownKey(key);
        continue;
      }
      const parsed = parseValue(definition, value);
      if (parsed.kind === 'refused') throw new ConfigError(key, parsed.message);
      settings.set(key, value);
    }
    // Older property files say `broker.id`.
    const legacyId = settings.get('broker.id');
    if (!settings.has('node.id') && legacyId !== undefined) settings.set('node.id', legacyId);
    const nodeId = settings.get('node.id');
    if (nodeId === undefined) throw missing('node.id', 'an int of at least 0');
    if (!settings.has('broker.id')) settings.set('broker.id', nodeId);
    if (!settings.has('process.roles')) throw missing('process.roles', "a list of 'broker' and 'controller'");
    const config = new BrokerConfig(settings);
    config.#check();
    return config;
  }

  get nodeId(): number {
    return this.number('node.id');
  }
  get isBroker(): boolean {
    return this.list('process.roles').includes('broker');
  }
  get isController(): boolean {
    return this.list('process.roles').includes('controller');
  }
  get rack(): string | null {
    return this.textOrNull('broker.rack');
  }
  get logDirs(): readonly string[] {
    return splitList(this.textOrNull('log.dirs') ?? this.text('log.dir'));
  }
  /** Where `__cluster_metadata-0` lies: `metadata.log.dir`, by default the first log directory. */
  get metadataLogDir(): string {
    return this.textOrNull('metadata.log.dir') ?? this.logDirs[0]!;
  }
  get listeners(): readonly ListenerEndpoint[] {
    return this.list('listeners').map((text) => parseEndpoint(text)!);
  }
  get controllerListenerNames(): readonly string[] {
    return splitList(this.textOrNull('controller.listener.names') ?? '').map((name) => name.toUpperCase());
  }
  /** Listeners that clients and other brokers use. */
  get brokerListeners(): readonly ListenerEndpoint[] {
    const controllers = this.controllerListenerNames;
    return this.isBroker ? this.listeners.filter((listener) => !controllers.includes(listener.name)) : [];
  }
  get controllerListeners(): readonly ListenerEndpoint[] {
    const controllers = this.controllerListenerNames;
    return this.isController ? this.listeners.filter((listener) => controllers.includes(listener.name)) : [];
  }
  /** The listener that the members of the quorum use among themselves: the first name of `controller.listener.names`. */
  get quorumListenerName(): string {
    return this.controllerListenerNames[0] ?? 'CONTROLLER';
  }
  /** Where this node answers the members of the quorum; null: it does not. */
  get quorumListener(): ListenerEndpoint | null {
    const listeners = this.controllerListeners;
    return listeners.find(({ name }) => name === this.quorumListenerName) ?? listeners[0] ?? null;
  }
  /** Where others reach this node as a member of the quorum; null where nobody could be told, as of port 0. */
  get quorumEndpoint(): ListenerEndpoint | null {
    const listener = this.quorumListener;
    const own = this.advertisedListeners.find(({ name }) => name === listener?.name) ?? listener;
    return own === null || own.port === 0 ? null : { ...own, host: reachableHost(own.host) };
  }
  /** Explicit `advertised.listeners`; empty: what is listened on. */
  get advertisedListeners(): readonly ListenerEndpoint[] {
    return splitList(this.textOrNull('advertised.listeners') ?? '').map((text) => parseEndpoint(text)!);
  }
  /** The listener that brokers use among themselves. */
  get interBrokerListenerName(): string {
    const named = this.textOrNull('inter.broker.listener.name');
    if (named !== null) return named.toUpperCase();
    const protocol = this.text('security.inter.broker.protocol');
    const listeners = this.brokerListeners;
    const byProtocol = listeners.find((listener) => this.securityProtocolOf(listener.name) === protocol);
    return (byProtocol ?? listeners[0])?.name ?? protocol;
  }
  /** 'PLAINTEXT', 'SSL', … of a listener. A controller listener that nothing maps is PLAINTEXT. */
  securityProtocolOf(listenerName: string): string {
    for (const pair of splitList(this.text('listener.security.protocol.map'))) {
      const at = pair.lastIndexOf(':');
      if (pair.slice(0, at).toUpperCase() === listenerName) return pair.slice(at + 1).toUpperCase();
    }
    return 'PLAINTEXT';
  }
  get quorumVoters(): readonly StaticVoter[] {
    return this.list('controller.quorum.voters').map((text) => parseVoter(text)!);
  }
  /** Where members of the quorum are reached by those who do not know the voters (KIP-853). */
  get quorumBootstrapServers(): readonly { readonly host: string; readonly port: number }[] {
    return this.list('controller.quorum.bootstrap.servers').map((text) => parseServer(text)!);
  }
  get numPartitions(): number {
    return this.number('num.partitions');
  }
  get defaultReplicationFactor(): number {
    return this.number('default.replication.factor');
  }
  get autoCreateTopics(): boolean {
    return this.boolean('auto.create.topics.enable');
  }

  /** Integers and doubles. A long beyond 2^53 is Infinity. NaN never. @throws Error for a setting that has no value. */
  number(name: string): number {
    return this.#typed(name, 'number');
  }
  boolean(name: string): boolean {
    return this.#typed(name, 'boolean');
  }
  text(name: string): string {
    return this.effective(name).value ?? '';
  }
  textOrNull(name: string): string | null {
    return this.effective(name).value;
  }
  list(name: string): readonly string[] {
    const value = this.#value(name);
    return Array.isArray(value) ? value : [];
  }
  numberOrNull(name: string): number | null {
    const value = this.#value(name);
    return typeof value === 'number' ? value : null;
  }

  /** The value that counts and where it comes from. */
  effective(name: string): SourcedValue {
    return this.sources(name)[0] ?? { name, value: null, source: ConfigSource.defaultValue };
  }

  /** All values given for a setting, the one that counts first; a default of null is no value. */
  sources(name: string): readonly SourcedValue[] {
    const definition = brokerDefinitions.get(name);
    if (definition === undefined) throw new Error(`no broker setting is called ${name}`);
    const found: SourcedValue[] = [];
    const add = (value: string | null | undefined, source: ConfigSource): void => {
      if (value !== undefined && value !== null) found.push({ name, value, source });
    };
    add(this.#own.get(name), ConfigSource.dynamicBroker);
    add(this.#clusterDefault.get(name), ConfigSource.dynamicDefaultBroker);
    add(this.staticValues.get(name), ConfigSource.staticBroker);
    add(definition.defaultValue, ConfigSource.defaultValue);
    return found;
  }

  /** Takes over the cluster's dynamic settings for this broker; tells the listeners which effective values changed. */
  applyDynamic(own: ReadonlyMap<string, string>, clusterDefault: ReadonlyMap<string, string>): void {
    const touched = [
      ...new Set([...this.#own.keys(), ...own.keys(), ...this.#clusterDefault.keys(), ...clusterDefault.keys()]),
    ]
      .filter((name) => brokerDefinitions.has(name))
      .sort();
    const before = new Map(touched.map((name) => [name, this.effective(name).value]));
    this.#own = new Map(own);
    this.#clusterDefault = new Map(clusterDefault);
    const changed = new Set(touched.filter((name) => this.effective(name).value !== before.get(name)));
    if (changed.size === 0) return;
    for (const name of changed) this.#parsed.delete(name);
    for (const listener of this.#changeListeners) listener(changed);
  }

  /** Called after a dynamic update with the names whose effective value changed. */
  onChange(listener: (names: ReadonlySet<string>) => void): void {
    this.#changeListeners.push(listener);
  }

  #typed<K extends 'number' | 'boolean'>(name: string, kind: K): K extends 'number' ? number : boolean {
    const value = this.#value(name);
    if (typeof value !== kind) throw new Error(`broker setting ${name} has no ${kind} value`);
    return value as K extends 'number' ? number : boolean;
  }

  #value(name: string): ConfigValue | null {
    const known = this.#parsed.get(name);
    if (known !== undefined) return known;
    const text = this.effective(name).value;
    const parsed = text === null ? null : parseValue(brokerDefinitions.get(name)!, text);
    const value = parsed?.kind === 'value' ? parsed.value : null;
    this.#parsed.set(name, value);
    return value;
  }

  /** Rules between settings. */
  #check(): void {
    if (!this.staticValues.has('log.dirs') && !this.staticValues.has('log.dir'))
      throw missing('log.dirs', 'a list of directories');
    for (const text of this.list('listeners')) {
      if (parseEndpoint(text) === null) throw wrong('listeners', text, 'NAME://host:port');
    }
    for (const text of splitList(this.textOrNull('advertised.listeners') ?? '')) {
      if (parseEndpoint(text) === null) throw wrong('advertised.listeners', text, 'NAME://host:port');
    }
    for (const text of this.list('controller.quorum.voters')) {
      if (parseVoter(text) === null) throw wrong('controller.quorum.voters', text, 'id@host:port');
    }
    for (const text of this.list('controller.quorum.bootstrap.servers')) {
      if (parseServer(text) === null) throw wrong('controller.quorum.bootstrap.servers', text, 'host:port');
    }
    const names = this.listeners.map((listener) => listener.name);
    if (new Set(names).size !== names.length) {
      throw new ConfigError('listeners', `listeners: each name may stand once, got ${names.join(', ')}`);
    }
    if (this.isController && this.controllerListeners.length === 0) {
      throw new ConfigError(
        'controller.listener.names',
        `controller.listener.names: must name a listener of 'listeners' (${names.join(', ')}) in the controller role`,
      );
    }
    if (this.isBroker && this.brokerListeners.length === 0) {
      throw new ConfigError('listeners', 'listeners: a broker needs one that is no controller listener');
    }
    if (this.number('broker.heartbeat.interval.ms') >= this.number('broker.session.timeout.ms')) {
      throw new ConfigError(
        'broker.heartbeat.interval.ms',
        'broker.heartbeat.interval.ms: must be less than broker.session.timeout.ms',
      );
    }
  }
}

function unknownKey(key: string): ConfigError {
  const near = nearestName(key, brokerDefinitions.keys());
  return new ConfigError(key, `${key}: no such broker setting${near === null ? '' : `; did you mean ${near}?`}`);
}

function missing(key: string, wanted: string): ConfigError {
  return new ConfigError(key, `${key}: required, ${wanted}`);
}

function wrong(key: string, text: string, wanted: string): ConfigError {
  return new ConfigError(key, `${key}: expected ${wanted}, got ${text === '' ? 'nothing' : text}`);
}
