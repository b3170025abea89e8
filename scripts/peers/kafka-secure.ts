import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { KafkaCluster } from './apache-kafka.ts';
import { type Certificates, makeCertificates } from './certificates.ts';
import { Checks, expectEqual, expectMatch } from './checks.ts';
import { startSecureKafka, WRONG_SECRET } from './secure-kafka.ts';
import { bench, expectNoSecret, filesIn, jaas } from './secure-run.ts';
import { renewal } from './session-renewal.ts';

/*
 * Apache Kafka with TLS, mutual TLS and SASL, and `bench run` against it with every kind of client properties; then with
 * wrong ones. Starts and stops its own broker: node scripts/peers/kafka-secure.ts [--only 'scram|wrong']
 */
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
  await renewal(checks, kafka, certificates);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
checks.finish();

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
      const result = await bench(folder, bootstrap, name, lines);
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
      const result = await bench(folder, bootstrap, name, lines);
      expectEqual(result.code, 21, `exit code, with ${result.stderr.trim()}`);
      expectMatch(result.stderr, says, 'the reason');
      if (result.elapsedMs > REFUSAL_MS) throw new Error(`it took ${Math.round(result.elapsedMs)} ms`);
      expectNoSecret(result);
    });
  }
}
