import { EventEmitter } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createNodeRuntime, startCluster } from '../../../core/node/index.ts';
import type { TopicPartition } from '../../actors/driver.ts';
import { ownDriver } from '../../actors/own-driver.ts';
import { kafkaJsDriver } from './kafkajs.ts';
import { type DriverOptions, findLibrary, type LoadDriver, openLibrary } from './library.ts';
import { platformaticDriver } from './platformatic.ts';

const TOPIC = { name: 't', partitions: 2, replicationFactor: 1, config: {} };
const POLL_MS = 20;

describe.each(['kafkajs', 'platformatic'] as const)('a member of a group with %s', (name) => {
  test('has lost all that it owned before another owns any of it, and is then told what is left to it', async () => {
    await using cluster = await startCluster({ config: { 'group.initial.rebalance.delay.ms': '0' } });
    const runtime = createNodeRuntime({ logLevel: 'silent' });
    onTestFinished(() => runtime.close());
    const bootstrap = cluster.bootstrapServers;
    const admin = ownDriver(runtime, bootstrap).admin('admin');
    await admin.createTopics([TOPIC], 10_000);
    await admin.close();
    const options = { runtime, bootstrap, partitions: () => TOPIC.partitions, problem: () => undefined };
    const driver = await openLibrary(findLibrary(name), options);

    const told: string[] = [];
    const member = (id: string) => {
      const say = (what: string) => (partitions: readonly TopicPartition[]) => {
        const listed = partitions.map(({ topic, partition }) => `${topic}-${partition}`).sort();
        told.push(`${id} ${what} ${listed.join(' ')}`);
      };
      const events = {
        assigned: say('assigned'),
        lost: say('lost'),
        revoked: async (gone: readonly TopicPartition[]) => say('revoked')(gone),
      };
      const subscription = { group: 'g', topics: [TOPIC.name], partitions: [] };
      const config = { 'heartbeat.interval.ms': '50', 'session.timeout.ms': '6000', 'fetch.max.wait.ms': '50' };
      return driver.consumer(id, subscription, config, events);
    };
    let polling = true;
    const poll = async (consumer: ReturnType<typeof member>): Promise<void> => {
      await consumer.start();
      while (polling) await consumer.poll(POLL_MS);
    };
    const first = member('first');
    const second = member('second');
    const running = [poll(first)];
    const until = (line: RegExp) => expect.poll(() => told.join('\n'), { timeout: 15_000 }).toMatch(line);
    await until(/first assigned t-0 t-1/);
    running.push(poll(second));
    await until(/second assigned t-[01]$/m);
    await until(/first assigned t-[01]$/m);
    polling = false;
    await Promise.all(running);
    const ofFirst = told.filter((line) => line.startsWith('first'));
    const at = ofFirst.indexOf('first lost t-0 t-1');
    expect(ofFirst.slice(at - 1, at + 2)).toEqual([
      'first assigned t-0 t-1',
      'first lost t-0 t-1',
      expect.stringMatching(/^first assigned t-[01]$/),
    ]);
    const owned = told.findIndex((line) => /^second assigned t-/.test(line));
    expect(told.slice(0, owned)).toContain('first lost t-0 t-1');
    await Promise.all([first.close(5_000), second.close(5_000)]);
  });
});

describe('a member loses what it owned as soon as its library tells of', () => {
  /** The driver with a library that tells what the test says; what the driver's member tells of it. */
  function membership(open: (options: DriverOptions, consumer: () => EventEmitter) => LoadDriver): {
    readonly library: EventEmitter;
    readonly told: readonly string[];
  } {
    const runtime = createNodeRuntime({ logLevel: 'silent' });
    onTestFinished(() => runtime.close());
    const library = new EventEmitter();
    const told: string[] = [];
    const say = (what: string) => (partitions: readonly TopicPartition[], generation: number) =>
      told.push(`${what} ${partitions.map(({ partition }) => partition).join(' ')} in ${generation}`);
    const events = { assigned: say('assigned'), lost: say('lost'), revoked: async () => undefined };
    const options = { runtime, bootstrap: ['localhost:1'], partitions: () => 2, problem: () => undefined };
    open(options, () => library).consumer('c', { group: 'g', topics: ['t'], partitions: [] }, {}, events);
    return { library, told };
  }

  test('a rebalance or a crash: kafkajs', () => {
    const events = { GROUP_JOIN: 'join', REBALANCING: 'rebalancing', CRASH: 'crash', COMMIT_OFFSETS: 'commit' };
    const { library, told } = membership((options, consumer) => {
      const Kafka = class {
        readonly consumer = () => Object.assign(consumer(), { events });
        readonly admin = () => ({});
      };
      return kafkaJsDriver({ Kafka, logLevel: { NOTHING: 0 } } as unknown as typeof import('kafkajs'), options);
    });
    const join = (...partitions: number[]) =>
      library.emit('join', { payload: { memberAssignment: { t: partitions } } });
    library.emit('rebalancing', { payload: {} });
    join(0, 1);
    library.emit('rebalancing', { payload: {} });
    expect(told).toEqual(['assigned 0 1 in -1', 'lost 0 1 in -1']);
    library.emit('rebalancing', { payload: {} });
    join(1);
    library.emit('crash', { payload: { restart: true, error: new Error('gone') } });
    expect(told.slice(2)).toEqual(['assigned 1 in -1', 'lost 1 in -1']);
  });

  test('a rebalance: @platformatic/kafka', () => {
    const { library, told } = membership((options, consumer) => {
      const FetchIsolationLevels = { READ_COMMITTED: 1, READ_UNCOMMITTED: 0 };
      const Consumer = function Consumer() {
        return consumer();
      };
      const module = { Consumer, FetchIsolationLevels } as unknown as typeof import('@platformatic/kafka');
      return platformaticDriver(module, options);
    });
    const assignments = [{ topic: 't', partitions: [0, 1] }];
    library.emit('consumer:group:join', { generationId: 3, assignments });
    library.emit('consumer:group:rebalance', {});
    expect(told).toEqual(['assigned 0 1 in 3', 'lost 0 1 in 3']);
    library.emit('consumer:group:join', { generationId: 4, assignments: [] });
    expect(told.slice(2)).toEqual(['assigned  in 4']);
  });
});
