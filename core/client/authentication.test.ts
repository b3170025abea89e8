import { describe, expect, it } from 'vitest';
import { nodeCodecs } from '../node/codecs.ts';
import { apiVersions, ErrorCode, metadata, saslAuthenticate, saslHandshake } from '../protocol/index.ts';
import { createRandom } from '../random.ts';
import type { Runtime } from '../runtime.ts';
import { Admin } from './admin/admin.ts';
import { type Channel, openChannel } from './channel.ts';
import { ChannelError } from './channel-error.ts';
import { ClientError } from './client-error.ts';
import { type ConfigInput, readConfig } from './config.ts';
import { Consumer } from './consumer/consumer.ts';
import { Producer } from './producer/producer.ts';
import { securityOf } from './security-config.ts';
import { securityRules } from './security-rules.ts';
import { FakeBroker } from './testing/fake-broker.ts';
import { MemoryNetwork } from './testing/memory-network.ts';
import { SaslServer } from './testing/sasl-server.ts';
import { VirtualTime } from './testing/virtual-time.ts';

const drain = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const SCRAM: ConfigInput = {
  'security.protocol': 'SASL_PLAINTEXT',
  'sasl.mechanism': 'SCRAM-SHA-256',
  'sasl.jaas.config': 'ScramLoginModule required username="user" password="pencil";',
};
const WRONG: ConfigInput = {
  ...SCRAM,
  'sasl.jaas.config': 'ScramLoginModule required username="user" password="hunter2";',
};
const bearer = (token: string | (() => Promise<string>)): ConfigInput => ({
  'security.protocol': 'SASL_PLAINTEXT',
  'sasl.mechanism': 'OAUTHBEARER',
  'sasl.oauthbearer.token': token,
});

interface World {
  readonly time: VirtualTime;
  readonly broker: FakeBroker;
  readonly server: SaslServer;
  readonly runtime: Runtime;
  open(config: ConfigInput): Promise<Channel>;
}

async function world(): Promise<World> {
  const time = new VirtualTime(drain);
  const network = new MemoryNetwork(time);
  const broker = new FakeBroker(time, 'b', 1);
  const server = new SaslServer();
  server.serve(broker);
  broker.on(metadata, () => ({
    kind: 'answer',
    body: { clusterId: 'c', controllerId: 1, brokers: [{ nodeId: 1, host: 'b', port: 1 }] },
  }));
  await broker.start(network);
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const random = createRandom('authentication');
  const runtime = { network, timers: time, clock: time, random, codecs: nodeCodecs, log: quiet } as unknown as Runtime;
  const open = (config: ConfigInput): Promise<Channel> => {
    const security = securityOf(readConfig(securityRules, config), runtime);
    return openChannel({ runtime, host: 'b', port: 1, clientId: 'test', connectTimeoutMs: 1000, security });
  };
  return { time, broker, server, runtime, open };
}

async function failure(promise: Promise<unknown>): Promise<ChannelError | ClientError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error instanceof ChannelError || error instanceof ClientError).toBe(true);
  expect((error as Error).message).not.toContain('hunter2');
  return error as ChannelError | ClientError;
}

describe('a new connection', () => {
  it('says who it is after ApiVersions and before anything else', async () => {
    const { time, broker, server, open } = await world();
    const channel = await time.until(open(SCRAM));
    await time.until(channel.request(metadata, 9, {}, 1000));
    expect(broker.requests).toEqual([
      'ApiVersions',
      'SaslHandshake',
      'SaslAuthenticate',
      'SaslAuthenticate',
      'Metadata',
    ]);
    expect(server.accepted).toBe(1);
    channel.close();
    await time.until(time.sleep(10));
    expect(time.pending).toBe(0);
  });

  it.each([
    ['PLAIN', 'PlainLoginModule', 'pencil', null, 'password'],
    ['PLAIN', 'PlainLoginModule', 'pencil', 'hunter2', 'password'],
    ['SCRAM-SHA-256', 'ScramLoginModule', 'pencil', 'hunter2', 'password'],
  ] as const)('%s tells a wrong password', async (mechanism, module, right, wrong, fault) => {
    const { time, server, open } = await world();
    server.mechanism = mechanism;
    server.password = right;
    const jaas = `${module} required username="user" password="${wrong ?? right}";`;
    const opened = time.until(open({ ...SCRAM, 'sasl.mechanism': mechanism, 'sasl.jaas.config': jaas }));
    if (wrong === null) return void (await opened).close();
    const error = await failure(opened);
    expect(error).toMatchObject({ kind: 'authentication', fault });
    expect(error.message).toBe(
      `b:1 does not accept the user name or the password (${mechanism}): Authentication failed`,
    );
  });

  it('tells a mechanism that the broker does not offer, with those that it does', async () => {
    const { time, server, open } = await world();
    server.mechanism = 'PLAIN';
    const error = await failure(time.until(open(SCRAM)));
    expect(error).toMatchObject({ kind: 'authentication', fault: 'mechanism' });
    expect(error.message).toBe('b:1 does not offer sasl.mechanism SCRAM-SHA-256; it offers PLAIN');
  });

  it('takes no broker that cannot prove itself', async () => {
    const { time, server, open } = await world();
    server.answer = (request) =>
      request.startsWith('n,,') ? `${request.slice(request.indexOf('r='))}x,s=c2FsdA==,i=4096` : 'v=AAAA';
    expect(await failure(time.until(open(SCRAM)))).toMatchObject({ kind: 'authentication', fault: 'server' });
  });

  it('tells a listener without SASL, and a broker too old for it', async () => {
    const { time, broker, open } = await world();
    broker.on(saslHandshake, () => ({
      kind: 'answer',
      body: { errorCode: ErrorCode.illegalSaslState, mechanisms: [] },
    }));
    const error = await failure(time.until(open(SCRAM)));
    expect(error).toMatchObject({ kind: 'authentication', fault: 'protocol' });
    expect(error.message).toContain('set security.protocol');
    broker.on(saslHandshake, () => ({ kind: 'silence' }), 0);
    expect((await failure(time.until(open(SCRAM)))).message).toContain('too old');
  });

  it('tells a port that speaks TLS', async () => {
    const { time, broker, open } = await world();
    broker.on(apiVersions, () => ({ kind: 'raw', bytes: new Uint8Array([21, 3, 3, 0, 2, 2, 80]) }));
    const error = await failure(time.until(open({})));
    expect(error).toMatchObject({ kind: 'authentication', fault: 'protocol' });
    expect(error.message).toContain('speaks TLS');
  });

  it.each(['silence', 'hangUp'] as const)('waits no longer than it may: %s', async (kind) => {
    const { time, broker, open } = await world();
    broker.on(saslAuthenticate, () => ({ kind }));
    const error = await failure(time.until(open(SCRAM)));
    expect(error.kind).toBe(kind === 'silence' ? 'timeout' : 'disconnected');
    expect(time.nowMs).toBeLessThanOrEqual(1001);
  });
});

describe('tokens', () => {
  it('are sent; a refused one is asked for anew', async () => {
    const { time, server, open } = await world();
    server.mechanism = 'OAUTHBEARER';
    server.password = 'good';
    const tokens = ['bad', 'good'];
    const config = bearer(async () => tokens.shift()!);
    const error = await failure(time.until(open(config)));
    expect(error).toMatchObject({ kind: 'authentication', fault: 'token' });
    expect(error.message).toContain('does not accept the token (OAUTHBEARER)');
    const channel = await time.until(open(config));
    expect(server.accepted).toBe(1);
    channel.close();
  });

  it('that do not come end the attempt', async () => {
    const { time, server, open } = await world();
    server.mechanism = 'OAUTHBEARER';
    const never = await failure(time.until(open(bearer(() => new Promise(() => {})))));
    expect(never).toMatchObject({ kind: 'authentication', fault: 'token' });
    expect(time.nowMs).toBeLessThanOrEqual(1001);
    const failed = await failure(time.until(open(bearer(() => Promise.reject(new Error('no endpoint'))))));
    expect(failed.message).toBe('there is no token: no endpoint');
  });
});

describe('a session that ends (KIP-368)', () => {
  it('is renewed on the same connection, and nothing else is sent meanwhile', async () => {
    const { time, broker, server, open } = await world();
    server.sessionLifetimeMs = 10_000;
    const channel = await time.until(open(SCRAM));
    await time.until(time.sleep(8_400));
    expect(server.accepted).toBe(1);
    // Every answer takes its time now: a request in the middle of the exchange has to wait for its end.
    server.delayMs = 200;
    broker.requests.length = 0;
    let ended = 0;
    const asking = time.sleep(9_600 - time.nowMs).then(async () => {
      await channel.request(metadata, 9, {}, 5000);
      ended = time.nowMs;
    });
    const early = time.sleep(8_500 - time.nowMs);
    await time.until(early);
    while (broker.requests.length === 0) await time.until(time.sleep(10));
    const during = channel.request(metadata, 9, {}, 5000);
    await time.until(during);
    await time.until(asking);
    expect(ended).toBeGreaterThan(0);
    expect(broker.requests.slice(0, 4)).toEqual(['SaslHandshake', 'SaslAuthenticate', 'SaslAuthenticate', 'Metadata']);
    expect(server.accepted).toBe(2);
    expect(channel.closed).toBe(false);
    channel.close();
    await time.until(time.sleep(10));
    expect(time.pending).toBe(0);
  });

  it('ends the connection when it cannot be renewed: what was sent may have been carried out', async () => {
    const { time, broker, server, open } = await world();
    server.sessionLifetimeMs = 10_000;
    const channel = await time.until(open(SCRAM));
    broker.on(metadata, () => ({ kind: 'silence' }));
    server.password = 'another';
    const sent = failure(channel.request(metadata, 9, {}, 60_000));
    await time.until(time.sleep(8_000));
    let waiting: Promise<ChannelError | ClientError> | null = null;
    while (!channel.closed) {
      if (broker.requests.at(-1) === 'SaslHandshake') waiting ??= failure(channel.request(metadata, 9, {}, 60_000));
      await time.until(time.sleep(1));
    }
    expect((await sent).kind).toBe('disconnected');
    expect((await sent).message).toContain('the session could not be renewed');
    expect((await waiting!).kind).toBe('notSent');
    expect(time.pending).toBe(0);
  });

  it('is given up when the renewal gets no answer', async () => {
    const { time, broker, server, open } = await world();
    server.sessionLifetimeMs = 10_000;
    const channel = await time.until(open(SCRAM));
    broker.on(saslAuthenticate, () => ({ kind: 'silence' }));
    await time.until(time.sleep(45_000));
    expect(channel.closed).toBe(true);
  });
});

describe('clients that are refused', () => {
  const SOON_MS = 2000;

  it('an admin client tells it at once', async () => {
    const { time, broker, runtime } = await world();
    const admin = new Admin({ runtime, config: { ...WRONG, 'bootstrap.servers': 'b:1' } });
    const error = await failure(time.until(admin.createTopics([{ name: 't', partitions: 1, replicationFactor: 1 }])));
    expect(error).toMatchObject({ kind: 'authentication', fault: 'password', definite: true });
    expect(time.nowMs).toBeLessThan(SOON_MS);
    expect(broker.requests.filter((name) => name === 'SaslHandshake').length).toBeLessThanOrEqual(2);
    admin.close();
  });

  it('a producer tells it to whoever sends', async () => {
    const { time, runtime } = await world();
    const producer = new Producer({ runtime, config: { ...WRONG, 'bootstrap.servers': 'b:1' } });
    expect(await failure(time.until(producer.topic('t')))).toMatchObject({ kind: 'authentication', fault: 'password' });
    const result = await time.until(producer.sendRecord({ topic: 't', key: null, value: new Uint8Array(1) }));
    expect(result).toMatchObject({ kind: 'failed', definite: true });
    expect(time.nowMs).toBeLessThan(SOON_MS);
    await time.until(producer.close(100));
  });

  it.each(['assigned', 'subscribed'] as const)(
    'a consumer tells it by poll (%s), and goes on once it is put right',
    async (how) => {
      const { time, server, runtime } = await world();
      const group: ConfigInput = how === 'subscribed' ? { 'group.id': 'g' } : {};
      const config = { ...WRONG, 'bootstrap.servers': 'b:1', ...group };
      const consumer = new Consumer({ runtime, config });
      if (how === 'assigned') consumer.assign([{ topic: 't', partition: 0 }]);
      else consumer.subscribe(['t']);
      expect(await failure(time.until(consumer.poll(60_000)))).toMatchObject({
        kind: 'authentication',
        fault: 'password',
      });
      expect(time.nowMs).toBeLessThan(SOON_MS);
      if (how === 'assigned') {
        server.password = 'hunter2';
        await time.until(time.sleep(3000));
        expect(await time.until(consumer.poll(100))).toEqual([]);
      }
      await time.until(consumer.close(100));
    },
  );
});
