import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { type ClientConfig, loadClientConfig } from './client-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'client-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const load = (text: string, environment: Record<string, string> = {}): ClientConfig =>
  loadClientConfig(file('client.properties', text), environment);

function refusal(text: string): string {
  try {
    load(text);
  } catch (error) {
    expect(error).toMatchObject({ kind: 'configuration' });
    expect((error as Error).message).not.toContain('hunter2');
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
}

const SASL = `
security.protocol=SASL_PLAINTEXT
sasl.mechanism=PLAIN
`;
const MODULE = 'org.apache.kafka.common.security.plain.PlainLoginModule';

describe('a client properties file', () => {
  it('is read as Kafka reads it, with secrets from elsewhere', () => {
    const password = file('password', 'from-file\n');
    const vault = file('vault.properties', 'key.password=from-vault\n');
    const { common, bootstrap, notes } = load(
      `# a comment
bootstrap.servers=a:1,b:2
${SASL}sasl.jaas.config=${MODULE} required \\
  username="\${env:USER_NAME}" \\
  password="\${file:${password}}";
ssl.key.password = \${file:${vault}:key.password}
request.timeout.ms: 5000
`,
      { USER_NAME: 'alice' },
    );
    expect(bootstrap).toBe('a:1,b:2');
    expect(notes).toEqual([]);
    expect(common).toEqual({
      'security.protocol': 'SASL_PLAINTEXT',
      'sasl.mechanism': 'PLAIN',
      'sasl.jaas.config': `${MODULE} required username="alice" password="from-file";`,
      'ssl.key.password': 'from-vault',
      'request.timeout.ms': '5000',
    });
  });

  it('leaves what is for one kind of client to the workload file, and says so', () => {
    const { common, notes, bootstrap } = load('group.id=g\nacks=1\nclient.id=me\n');
    expect(common).toEqual({});
    expect(bootstrap).toBeNull();
    expect(notes.map((note) => /: (\S+) is left out/.exec(note)?.[1])).toEqual(['group.id', 'acks', 'client.id']);
  });

  it('does not keep a token that a file renews', () => {
    const path = file('token', 'first');
    const { common } = load(
      `security.protocol=SASL_SSL\nsasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token=\${file:${path}}\n`,
    );
    expect(common['sasl.oauthbearer.token']).toBeUndefined();
    expect(common['sasl.oauthbearer.token.endpoint.url']).toBe(pathToFileURL(path).href);
  });

  it.each([
    [
      `${SASL}sasl.jaas.config=${MODULE} required username="a" password="\${env:NOT_THERE}";`,
      /the environment has no NOT_THERE/,
    ],
    [`ssl.key.password=\${file:/no/such/file}`, /\/no\/such\/file cannot be read \(ENOENT\)/],
    [`ssl.key.password=\${vault:hunter}`, /there is no \$\{vault:…\}/],
    [`${SASL}sasl.jaas.config=${MODULE} required username="a" password="hunter2"`, /sasl\.jaas\.config: /],
    [`${SASL}sasl.jaas.confg=hunter2`, /sasl\.jaas\.confg: this client has no such config/],
    [
      'security.protocol=SSL\nssl.truststore.location=/no/such/store',
      /ssl\.truststore\.location: \/no\/such\/store cannot be read/,
    ],
    ['security.protocol=SASL_SSL\nsasl.mechanism=AWS_MSK_IAM', /AWS_MSK_IAM is not one of/],
    ['request.timeout.ms=soon', /soon is not an integer/],
  ])('is refused before anything begins: %s', (text, says) => {
    expect(refusal(text)).toMatch(says);
  });

  it('knows what to conceal', () => {
    const { conceal } = load(
      `${SASL}sasl.jaas.config=${MODULE} required username="alice" password="p\\\\"wd-1";
ssl.key.password=key-pwd
ssl.truststore.password=abc
`,
    );
    expect(conceal('alice said p"wd-1, then key-pwd, key-pwd; abc')).toBe(
      'alice said (hidden), then (hidden), (hidden); abc',
    );
  });
});
