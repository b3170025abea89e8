import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BrokerConfig, ConfigError } from './broker-config.ts';
import { brokerDefinitions, groupDefinitions, nearestName, topicDefinitions, topicSynonyms } from './definitions.ts';
import { parseEndpoint, parseVoter } from './endpoints.ts';
import { TopicConfig, topicConfigObjection } from './topic-config.ts';
import { parseValue } from './value.ts';

const basics = {
  'node.id': '1',
  'process.roles': 'broker,controller',
  'log.dirs': '/data',
  listeners: 'PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093',
  'controller.listener.names': 'CONTROLLER',
};

function refusal(values: Record<string, string>): string {
  try {
    BrokerConfig.parse({ ...basics, ...values });
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'accepted';
}

describe('definitions', () => {
  test('every default is a value that its definition accepts', () => {
    for (const definition of [
      ...brokerDefinitions.values(),
      ...topicDefinitions.values(),
      ...groupDefinitions.values(),
    ]) {
      if (definition.defaultValue === null || definition.defaultValue === '') continue;
      expect(parseValue(definition, definition.defaultValue).kind, definition.name).toBe('value');
    }
    expect(brokerDefinitions.size).toBe(340);
    expect(topicDefinitions.size).toBe(33);
  });

  test('a topic setting and its broker synonyms agree on the default', () => {
    const config = BrokerConfig.parse(basics);
    const topic = new TopicConfig(config);
    for (const [name, synonyms] of topicSynonyms) {
      expect(topicDefinitions.has(name), name).toBe(true);
      for (const synonym of synonyms) expect(brokerDefinitions.has(synonym.name), synonym.name).toBe(true);
      if (name === 'flush.ms') continue;
      expect(topic.effective(name).value, name).toBe(topicDefinitions.get(name)!.defaultValue);
    }
  });
});

describe('values', () => {
  const retention = topicDefinitions.get('retention.ms')!;
  const message = (name: string, value: string): string => {
    const parsed = parseValue((topicDefinitions.get(name) ?? brokerDefinitions.get(name))!, value);
    return parsed.kind === 'refused' ? parsed.message : 'accepted';
  };

  test("are refused in Kafka's words", () => {
    expect(message('retention.ms', 'abc')).toBe(
      'Invalid value abc for configuration retention.ms: Not a number of type LONG',
    );
    expect(message('retention.ms', '-7')).toBe(
      'Invalid value -7 for configuration retention.ms: Value must be at least -1',
    );
    expect(message('preallocate', 'foo')).toBe(
      'Invalid value foo for configuration preallocate: Expected value to be either true or false',
    );
    expect(message('min.cleanable.dirty.ratio', '1.5')).toContain('Value must be no more than 1');
    expect(message('compression.gzip.level', '-1')).toBe('accepted');
    expect(message('compression.gzip.level', '0')).toContain('Value must be between 1 and 9 or equal to -1');
    expect(message('min.cleanable.dirty.ratio', '2')).toContain('Invalid value 2.0 for');
    expect(message('cleanup.policy', 'compact, delete')).toBe('accepted');
    expect(message('group.consumer.migration.policy', 'Upgrade')).toBe('accepted');
    expect(message('leader.replication.throttled.replicas', '0:1,x')).toContain('must be the literal');
  });

  test('a long is exact up to 2^53 and Infinity beyond, and no more than int64 (law)', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 66n), max: 2n ** 66n }), (number) => {
        const parsed = parseValue({ ...retention, accepts: { kind: 'any' } }, String(number));
        if (number < -(2n ** 63n) || number >= 2n ** 63n) return parsed.kind === 'refused';
        if (parsed.kind !== 'value') return false;
        if (number > 2n ** 53n - 1n) return parsed.value === Number.POSITIVE_INFINITY;
        if (number < -(2n ** 53n - 1n)) return parsed.value === Number.NEGATIVE_INFINITY;
        return parsed.value === Number(number);
      }),
    );
  });

  test('endpoints and voters', () => {
    expect(parseEndpoint('PLAINTEXT://:9092')).toEqual({ name: 'PLAINTEXT', host: '', port: 9092 });
    expect(parseEndpoint('ssl://[::1]:0')).toEqual({ name: 'SSL', host: '::1', port: 0 });
    expect(parseEndpoint('PLAINTEXT://host')).toBe(null);
    expect(parseEndpoint('PLAINTEXT://host:70000')).toBe(null);
    expect(parseVoter('3@kafka-3:9093')).toEqual({ id: 3, host: 'kafka-3', port: 9093 });
    expect(parseVoter('x@kafka-3:9093')).toBe(null);
  });
});

describe('a broker', () => {
  test('names the key, what it takes and what was probably meant', () => {
    expect(refusal({ 'log.retention.mss': '5' })).toBe(
      'log.retention.mss: no such broker setting; did you mean log.retention.ms?',
    );
    expect(refusal({ 'num.partitions': '0' })).toBe(
      'Invalid value 0 for configuration num.partitions: Value must be at least 1',
    );
    expect(refusal({ listeners: 'PLAINTEXT:9092' })).toBe('listeners: expected NAME://host:port, got PLAINTEXT:9092');
    expect(refusal({ 'controller.listener.names': 'OTHER' })).toContain("must name a listener of 'listeners'");
    expect(refusal({ 'broker.heartbeat.interval.ms': '9000' })).toContain('must be less than');
    expect(refusal({ 'rsm.config.anything': 'x' })).toBe('accepted');
    expect(() => BrokerConfig.parse({ 'node.id': '1' })).toThrow('process.roles: required');
    expect(nearestName('entirely different', brokerDefinitions.keys())).toBe(null);
  });

  test('a member of the quorum listens where the first of its controller listeners says, and is reached where it advertises', () => {
    const two = { listeners: 'PLAINTEXT://:9092,OLD://:9093,NEW://:9094', 'controller.listener.names': 'NEW,OLD' };
    const config = (values: Record<string, string>) => BrokerConfig.parse({ ...basics, ...two, ...values });
    expect(config({}).quorumListener).toEqual({ name: 'NEW', host: '', port: 9094 });
    expect(config({}).quorumEndpoint).toEqual({ name: 'NEW', host: 'localhost', port: 9094 });
    const advertised = config({ 'advertised.listeners': 'PLAINTEXT://a:1,OLD://a:2,NEW://a:3' });
    expect(advertised.quorumEndpoint).toEqual({ name: 'NEW', host: 'a', port: 3 });
    expect(config({ listeners: 'PLAINTEXT://:9092,NEW://:0' }).quorumEndpoint).toBe(null);
    const broker = config({ 'process.roles': 'broker', listeners: 'PLAINTEXT://:9092' });
    expect([broker.quorumListenerName, broker.quorumListener]).toEqual(['NEW', null]);
  });

  test('tells its listeners apart', () => {
    const config = BrokerConfig.parse({ ...basics, 'controller.quorum.voters': '1@a:9093,2@b:9093' });
    expect(config.brokerListeners).toEqual([{ name: 'PLAINTEXT', host: 'localhost', port: 9092 }]);
    expect(config.controllerListeners).toEqual([{ name: 'CONTROLLER', host: 'localhost', port: 9093 }]);
    expect(config.interBrokerListenerName).toBe('PLAINTEXT');
    expect(config.securityProtocolOf('CONTROLLER')).toBe('PLAINTEXT');
    expect(config.quorumVoters.map((voter) => voter.host)).toEqual(['a', 'b']);
  });

  test('dynamic settings come before static ones and go back to them (KIP-226)', () => {
    const config = BrokerConfig.parse({ ...basics, 'log.retention.ms': '1000' });
    const changes: string[][] = [];
    config.onChange((names) => changes.push([...names]));
    expect(config.effective('log.retention.ms')).toMatchObject({ value: '1000', source: 4 });
    config.applyDynamic(new Map([['log.retention.ms', '3000']]), new Map([['log.retention.ms', '2000']]));
    expect(config.number('log.retention.ms')).toBe(3000);
    expect(config.sources('log.retention.ms').map(({ value, source }) => [value, source])).toEqual([
      ['3000', 2],
      ['2000', 3],
      ['1000', 4],
    ]);
    config.applyDynamic(new Map(), new Map([['log.retention.ms', '2000']]));
    expect(config.effective('log.retention.ms')).toMatchObject({ value: '2000', source: 3 });
    config.applyDynamic(new Map(), new Map());
    expect(config.number('log.retention.ms')).toBe(1000);
    config.applyDynamic(new Map(), new Map());
    expect(changes).toEqual([['log.retention.ms'], ['log.retention.ms'], ['log.retention.ms']]);
  });

  test('a setting that nobody defined is a bug of the caller', () => {
    expect(() => BrokerConfig.parse(basics).number('no.such')).toThrow('no broker setting is called no.such');
  });
});

describe('a topic', () => {
  test('takes its own value, then the broker synonym in its own units, then the default', () => {
    const config = BrokerConfig.parse({ ...basics, 'log.retention.hours': '2', 'log.roll.ms': '5000' });
    const plain = new TopicConfig(config);
    expect(plain.effective('retention.ms')).toEqual({ name: 'retention.ms', value: '7200000', source: 4 });
    expect(plain.number('segment.ms')).toBe(5000);
    const own = new TopicConfig(config, new Map([['retention.ms', '-1']]));
    expect(own.effective('retention.ms')).toEqual({ name: 'retention.ms', value: '-1', source: 1 });
    expect(own.synonyms('retention.ms').map(({ name, source }) => [name, source])).toEqual([
      ['retention.ms', 1],
      ['log.retention.hours', 4],
      ['log.retention.hours', 5],
    ]);
    config.applyDynamic(new Map(), new Map([['log.retention.ms', '9']]));
    expect(plain.number('retention.ms')).toBe(9);
  });

  test('becomes the configuration of a log', () => {
    const config = BrokerConfig.parse(basics);
    const log = new TopicConfig(config, new Map([['cleanup.policy', 'delete,compact']])).logConfig();
    expect(log).toMatchObject({
      cleanupPolicy: 'compact,delete',
      segmentBytes: 1 << 30,
      retentionMs: 604_800_000,
      retentionBytes: -1,
      flushMessages: Number.POSITIVE_INFINITY,
      maxMessageBytes: 1_048_588,
    });
  });

  test('is refused as a whole', () => {
    expect(topicConfigObjection(new Map([['foo.bar', '1']]))).toBe('Unknown topic config name: foo.bar');
    expect(topicConfigObjection(new Map([['retention.ms', null]]))).toBe(
      'Null value not supported for topic configs: retention.ms',
    );
    expect(topicConfigObjection(new Map([['cleanup.policy', 'foo']]))).toBe(
      'Invalid value foo for configuration cleanup.policy: String must be one of: compact, delete',
    );
    const lags = new Map([
      ['min.compaction.lag.ms', '50'],
      ['max.compaction.lag.ms', '5'],
    ]);
    expect(topicConfigObjection(lags)).toBe(
      'conflict topic config setting min.compaction.lag.ms (50) > max.compaction.lag.ms (5)',
    );
    expect(topicConfigObjection(new Map([['remote.storage.enable', 'true']]))).toContain('Tiered Storage');
    expect(topicConfigObjection(new Map([['retention.ms', '1']]))).toBe(null);
  });
});
