import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Admin, Consumer, Producer } from '../../core/client/index.ts';
import { createNodeRuntime, readSecurityFiles } from '../../core/node/index.ts';
import { packageRoot } from '../package.ts';
import { type KafkaCluster, startKafka } from './apache-kafka.ts';
import { type Certificates, makeCertificates } from './certificates.ts';
import { Checks, expectEqual, expectMatch } from './checks.ts';
import { type Finished, runCommand } from './process.ts';

/*
 * Apache Kafka with TLS, mutual TLS and SASL, and `bench run` against it with every kind of client properties; then with
 * wrong ones. Starts and stops its own broker: node scripts/peers/kafka-secure.ts [--only 'scram|wrong']
 */
const SECRET = 'n0t-for-any-report';
const WRONG_SECRET = 'wr0ng-but-also-secret';
/** A session ends after this; clients must renew it (KIP-368). */
const SESSION_MS = 3000;
/** A wrong password, host name, authority or mechanism must show at once. */
const REFUSAL_MS = 10_000;

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const checks = new Checks(values.only ?? null);
const folder = mkdtempSync(join(tmpdir(), 'faultline-secure-'));
try {
  const certificates = await makeCertificates(folder);
  await using kafka = await startSecureKafka(certificates);
  await accepted(kafka, certificates);
  await refused(kafka, certificates);
  await renewal(kafka, certificates);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
checks.finish();

function startSecureKafka({ authority, broker }: Certificates): Promise<KafkaCluster> {
  const modules = 'org.apache.kafka.common.security';
  const tls = (listener: string): Record<string, string> => ({
    [`listener.name.${listener}.ssl.keystore.type`]: 'PEM',
    [`listener.name.${listener}.ssl.keystore.location`]: broker,
    [`listener.name.${listener}.ssl.truststore.type`]: 'PEM',
    [`listener.name.${listener}.ssl.truststore.location`]: authority,
  });
  return startKafka({
    listeners: [
      { name: 'SECURE', protocol: 'SASL_SSL' },
      { name: 'MUTUAL', protocol: 'SSL' },
      { name: 'SCRAMONLY', protocol: 'SASL_PLAINTEXT' },
    ],
    config: {
      ...tls('secure'),
      ...tls('mutual'),
      'listener.name.mutual.ssl.client.auth': 'required',
      'listener.name.secure.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
      'listener.name.secure.connections.max.reauth.ms': String(SESSION_MS),
      'listener.name.secure.plain.sasl.jaas.config': `${modules}.plain.PlainLoginModule required user_alice="${SECRET}";`,
      'listener.name.secure.scram-sha-256.sasl.jaas.config': `${modules}.scram.ScramLoginModule required;`,
      'listener.name.secure.scram-sha-512.sasl.jaas.config': `${modules}.scram.ScramLoginModule required;`,
      'listener.name.secure.oauthbearer.sasl.jaas.config': `${modules}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
      'listener.name.scramonly.sasl.enabled.mechanisms': 'SCRAM-SHA-256',
      'listener.name.scramonly.scram-sha-256.sasl.jaas.config': `${modules}.scram.ScramLoginModule required;`,
    },
    format: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=alice,password=${SECRET}]`,
    ]),
  });
}

/** Properties as people write them; the password comes from the environment. */
function properties(name: string, lines: Readonly<Record<string, string>>): string {
  const path = join(folder, `${name.replaceAll(/\W+/g, '-')}.properties`);
  writeFileSync(
    path,
    Object.entries(lines)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );
  return path;
}

function jaas(module: string, password = '$' + '{env:KAFKA_PASSWORD}'): string {
  const name = module === 'plain' ? 'PlainLoginModule' : 'ScramLoginModule';
  return `org.apache.kafka.common.security.${module}.${name} required \\\n  username="alice" password="${password}";`;
}

interface BenchRun extends Finished {
  readonly elapsedMs: number;
  readonly store: string;
}

/** `bench run` of the quickstart in a folder of its own, where the run record ends up. */
async function bench(bootstrap: string, name: string, lines: Readonly<Record<string, string>>): Promise<BenchRun> {
  const store = mkdtempSync(join(folder, 'run-'));
  mkdirSync(store, { recursive: true });
  const startedAt = performance.now();
  const finished = await runCommand(
    'sh',
    [
      '-c',
      'cd "$1" && shift && exec "$@"',
      'sh',
      store,
      process.execPath,
      join(packageRoot, 'scripts/bench.js'),
      ...['run', join(packageRoot, 'workloads/quickstart.yaml'), '--target', 'kafka', '--bootstrap', bootstrap],
      ...['--client-config', properties(name, lines), '--set', 'phases.measure=4s', '--report', 'report.html'],
    ],
    { timeoutMs: 60_000, env: { ...process.env, KAFKA_PASSWORD: SECRET, WRONG_PASSWORD: WRONG_SECRET } },
  );
  return { ...finished, elapsedMs: performance.now() - startedAt, store };
}

function expectNoSecret({ stdout, stderr, store }: BenchRun): void {
  const texts = [stdout, stderr, ...filesIn(store).map((path) => readFileSync(path, 'latin1'))];
  for (const text of texts) {
    for (const secret of [SECRET, WRONG_SECRET, 'PRIVATE KEY']) {
      if (text.includes(secret)) throw new Error('a secret has been written');
    }
  }
}

function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile());
}

async function accepted(kafka: KafkaCluster, { authority, client }: Certificates): Promise<void> {
  const secure = kafka.listeners.get('SECURE')!;
  const tls = { 'ssl.truststore.type': 'PEM', 'ssl.truststore.location': authority };
  const sasl = (mechanism: string, config: string): Record<string, string> => ({
    ...tls,
    'security.protocol': 'SASL_SSL',
    'sasl.mechanism': mechanism,
    'sasl.jaas.config': config,
  });
  const run = async (name: string, bootstrap: string, lines: Record<string, string>): Promise<void> => {
    await checks.run(`accepted: ${name}`, async () => {
      const result = await bench(bootstrap, name, lines);
      if (result.code !== 0) throw new Error(`ended with ${result.code}:\n${result.stdout}${result.stderr}`);
      expectMatch(result.stdout, /durability/i, 'the summary');
      expectMatch(result.stdout + filesIn(result.store).join('\n'), /report\.html/, 'the report');
      expectNoSecret(result);
    });
  };
  await run('SCRAM-SHA-256 over TLS', secure, sasl('SCRAM-SHA-256', jaas('scram')));
  await run('SCRAM-SHA-512 over TLS', secure, sasl('SCRAM-SHA-512', jaas('scram')));
  await run('PLAIN over TLS', secure, sasl('PLAIN', jaas('plain')));
  await run('mutual TLS', kafka.listeners.get('MUTUAL')!, {
    ...tls,
    'security.protocol': 'SSL',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': client,
  });
  const login = 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required';
  await run('OAUTHBEARER, an unsecured token', secure, {
    ...sasl('OAUTHBEARER', `${login} unsecuredLoginStringClaim_sub="alice";`),
  });
  await run('OAUTHBEARER, a token from a file', secure, {
    ...sasl('OAUTHBEARER', `${login};`),
    'sasl.oauthbearer.token.endpoint.url': `file://${tokenFile()}`,
  });
}

function tokenFile(): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Date.now() / 1000;
  const path = join(folder, 'token');
  writeFileSync(path, `${part({ alg: 'none' })}.${part({ sub: 'alice', iat: now, exp: now + 600 })}.\n`);
  return path;
}

async function refused(kafka: KafkaCluster, certificates: Certificates): Promise<void> {
  const { authority, stranger, strangersClient, clientPkcs12 } = certificates;
  const secure = kafka.listeners.get('SECURE')!;
  const mutual = kafka.listeners.get('MUTUAL')!;
  const right = {
    'security.protocol': 'SASL_SSL',
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': authority,
    'sasl.mechanism': 'SCRAM-SHA-256',
    'sasl.jaas.config': jaas('scram'),
  };
  const wrong = jaas('scram', '$' + '{env:WRONG_PASSWORD}');
  const byAddress = secure.replace('localhost', '127.0.0.1');
  const cases: [name: string, bootstrap: string, lines: Record<string, string>, says: RegExp][] = [
    ['wrong password, SCRAM-SHA-256', secure, { ...right, 'sasl.jaas.config': wrong }, /the user name or the password/],
    [
      'wrong password, SCRAM-SHA-512',
      secure,
      { ...right, 'sasl.mechanism': 'SCRAM-SHA-512', 'sasl.jaas.config': wrong },
      /the user name or the password \(SCRAM-SHA-512\)/,
    ],
    [
      'wrong password, PLAIN',
      secure,
      { ...right, 'sasl.mechanism': 'PLAIN', 'sasl.jaas.config': jaas('plain', WRONG_SECRET) },
      /the user name or the password \(PLAIN\)/,
    ],
    [
      'wrong host name',
      byAddress,
      right,
      /certificate of 127\.0\.0\.1:\d+ is not for 127\.0\.0\.1 but for DNS:localhost/,
    ],
    ['wrong authority', secure, { ...right, 'ssl.truststore.location': stranger }, /none of the authorities given/],
    [
      'wrong mechanism',
      kafka.listeners.get('SCRAMONLY')!,
      {
        'security.protocol': 'SASL_PLAINTEXT',
        'sasl.mechanism': 'PLAIN',
        'sasl.jaas.config': jaas('plain'),
      },
      /does not offer sasl\.mechanism PLAIN; it offers SCRAM-SHA-256/,
    ],
    [
      'wrong token',
      secure,
      {
        ...right,
        'sasl.mechanism': 'OAUTHBEARER',
        'sasl.jaas.config': 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;',
        'sasl.oauthbearer.token': WRONG_SECRET,
      },
      /does not accept the token/,
    ],
    [
      'no certificate where one is required',
      mutual,
      { ...right, 'security.protocol': 'SSL' },
      /wants a certificate of this client's/,
    ],
    [
      "a stranger's certificate",
      mutual,
      { ...right, 'security.protocol': 'SSL', 'ssl.keystore.type': 'PEM', 'ssl.keystore.location': strangersClient },
      /wants a certificate of this client's, or another one/,
    ],
    [
      'SASL where there is none',
      kafka.bootstrap,
      { ...right, 'security.protocol': 'SASL_PLAINTEXT' },
      /does not ask for SASL/,
    ],
    ['no TLS where it is spoken', secure, { ...right, 'security.protocol': 'SASL_PLAINTEXT' }, /speaks TLS/],
    [
      'a PKCS#12 store',
      mutual,
      { ...right, 'ssl.keystore.location': clientPkcs12, 'ssl.keystore.type': 'PKCS12' },
      /is a PKCS12 store.*openssl pkcs12/,
    ],
  ];
  for (const [name, bootstrap, lines, says] of cases) {
    await checks.run(`refused: ${name}`, async () => {
      const result = await bench(bootstrap, name, lines);
      expectEqual(result.code, 21, `exit code, with ${result.stderr.trim()}`);
      expectMatch(result.stderr, says, 'the reason');
      if (result.elapsedMs > REFUSAL_MS) throw new Error(`it took ${Math.round(result.elapsedMs)} ms`);
      expectNoSecret(result);
    });
  }
}

/** Connections live on over several sessions: the broker would end one whose session is over. */
async function renewal(kafka: KafkaCluster, { authority }: Certificates): Promise<void> {
  const unsecured = 'OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="alice";';
  for (const [mechanism, jaasConfig] of [
    ['SCRAM-SHA-256', `ScramLoginModule required username="alice" password="${SECRET}";`],
    ['PLAIN', `PlainLoginModule required username="alice" password="${SECRET}";`],
    ['OAUTHBEARER', unsecured],
  ] as const) {
    await renewed(mechanism, {
      'bootstrap.servers': kafka.listeners.get('SECURE')!,
      'security.protocol': 'SASL_SSL',
      'ssl.truststore.location': authority,
      'sasl.mechanism': mechanism,
      'sasl.jaas.config': jaasConfig,
    });
  }
}

async function renewed(mechanism: string, properties: Readonly<Record<string, string>>): Promise<void> {
  await checks.run(`renewal: connections outlive two sessions under load, ${mechanism}`, async () => {
    const topic = `renewal-${mechanism}`;
    let dials = 0;
    const node = createNodeRuntime({ logLevel: 'silent' });
    const { network } = node;
    const counted: typeof network = {
      listen: (...given) => network.listen(...given),
      connect: (...given) => {
        dials++;
        return network.connect(...given);
      },
    };
    const runtime = { ...node, network: counted };
    const config = readSecurityFiles(properties);
    const admin = new Admin({ runtime, config });
    const producer = new Producer({ runtime, config });
    const consumer = new Consumer({ runtime, config: { ...config, 'auto.offset.reset': 'earliest' } });
    try {
      await admin.createTopics([{ name: topic, partitions: 1, replicationFactor: 1 }]);
      consumer.assign([{ topic, partition: 0 }]);
      let [sent, seen] = [0, 0];
      const send = async (): Promise<void> => {
        const result = await producer.sendRecord({ topic, key: null, value: new Uint8Array(100) });
        if (result.kind !== 'acked') throw new Error(`not acknowledged: ${result.message}`);
        sent++;
      };
      const poll = async (): Promise<void> => {
        for (const batch of await consumer.poll(100)) while (batch.next()) seen++;
      };
      // Everything is connected before the count begins.
      const connectedByMs = performance.now() + REFUSAL_MS;
      while (seen === 0 && performance.now() < connectedByMs)
        await Promise.all([send(), poll(), admin.describeCluster()]);
      const before = dials;
      const endMs = performance.now() + 2.5 * SESSION_MS;
      while (performance.now() < endMs) await Promise.all([send(), poll(), admin.describeCluster()]);
      while (seen < sent && performance.now() < endMs + REFUSAL_MS) await poll();
      expectEqual(dials - before, 0, 'connections made anew');
      expectEqual(seen, sent, 'records read');
    } finally {
      await Promise.all([admin.close(), producer.close(1000), consumer.close(1000)]);
      node.close();
    }
  });
}
