import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { FakeBroker } from '../core/client/testing/fake-broker.ts';
import { SaslServer } from '../core/client/testing/sasl-server.ts';
import { createNodeRuntime, startCluster } from '../core/node/index.ts';
import { ErrorCode, saslAuthenticate } from '../core/protocol/index.ts';
import type { Listener, Network } from '../core/runtime.ts';
import { concealed } from './client-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'bench-client-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const root = fileURLToPath(new URL('..', import.meta.url));
const quickstart = join(root, 'workloads/quickstart.yaml');

function bench(args: readonly string[]): Promise<{ code: number | null; text: string }> {
  return new Promise((resolve, reject) => {
    const child: ChildProcess = spawn(process.execPath, [join(root, 'scripts/bench.js'), ...args], {
      cwd: folder,
      timeout: 30_000,
      env: { ...process.env, KAFKA_PASSWORD: 'hunter2' },
    });
    let text = '';
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, text }));
  });
}

const properties = join(folder, 'client.properties');
writeFileSync(
  properties,
  `security.protocol=SASL_PLAINTEXT
sasl.mechanism=PLAIN
sasl.jaas.config=PlainLoginModule required username="user" password="\${env:KAFKA_PASSWORD}";
`,
);

describe('bench run --client-config', () => {
  it('ends soon with 21 when the password is wrong, and hides it even where the broker repeats it', async () => {
    const runtime = createNodeRuntime({ logLevel: 'silent' });
    let listener: Listener | null = null;
    const network: Network = {
      connect: (...given) => runtime.network.connect(...given),
      listen: async (_host, _port, accept) => {
        listener = await runtime.network.listen('127.0.0.1', 0, accept);
        return listener;
      },
    };
    const broker = new FakeBroker(runtime.timers, '127.0.0.1', 0);
    const server = new SaslServer();
    server.mechanism = 'PLAIN';
    server.serve(broker);
    let heard = '';
    broker.on(saslAuthenticate, ({ authBytes }) => {
      heard = new TextDecoder().decode(authBytes);
      const errorMessage = `no such user: ${heard}`;
      const errorCode = ErrorCode.saslAuthenticationFailed;
      return { kind: 'answer', body: { errorCode, errorMessage, authBytes: new Uint8Array() } };
    });
    await broker.start(network);
    try {
      const at = `127.0.0.1:${listener!.port}`;
      const { code, text } = await bench([
        'run',
        quickstart,
        '--target',
        'kafka',
        '--bootstrap',
        at,
        '--client-config',
        properties,
      ]);
      expect(heard).toBe('\0user\0hunter2');
      expect(code).toBe(21);
      expect(text).toContain(`${at} does not accept the user name or the password (PLAIN)`);
      expect(text).toContain('(hidden)');
      expect(text).not.toContain('hunter2');
      expect(existsSync(join(folder, '.faultline'))).toBe(false);
    } finally {
      await listener!.close();
      runtime.close();
    }
  });

  it('leaves no secret in what a run keeps and prints', async () => {
    const cluster = await startCluster();
    const lines = `ssl.key.password=hunter2\nsasl.jaas.config=PlainLoginModule required password="\${env:KAFKA_PASSWORD}";\n`;
    const path = join(folder, 'unused-secrets.properties');
    writeFileSync(path, `bootstrap.servers=${cluster.bootstrapServers.join(',')}\n${lines}`);
    try {
      const short = ['--set', 'phases.warmup=0s', '--set', 'phases.measure=1s', '--report', 'report.html'];
      const { code, text } = await bench(['run', quickstart, '--target', 'kafka', '--client-config', path, ...short]);
      expect(text).not.toContain('hunter2');
      expect(code).toBe(0);
      const written = readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .map((name) => join(folder, name))
        .filter((name) => statSync(name).isFile() && !name.endsWith('.properties'))
        .map((name) => readFileSync(name, 'latin1'));
      expect(written.length).toBeGreaterThanOrEqual(3);
      expect(written.some((content) => content.includes(`--client-config ${path}`))).toBe(true);
      expect(written.filter((content) => content.includes('hunter2'))).toEqual([]);
    } finally {
      await cluster.close();
    }
  });

  it('goes with target kafka alone', async () => {
    const { code, text } = await bench(['run', quickstart, '--client-config', properties]);
    expect(code).toBe(20);
    expect(text).toContain('--client-config goes with target kafka, not with sim');
  });

  it('says what is wrong with the file', async () => {
    const { code, text } = await bench([
      'run',
      quickstart,
      '--target',
      'kafka',
      '--client-config',
      join(folder, 'none'),
    ]);
    expect(code).toBe(21);
    expect(text).toContain('cannot be read (ENOENT)');
  });

  it('is the only way for a secret: a workload refuses them', async () => {
    const set = `producers[0].client={sasl.jaas.config: "PlainLoginModule required password='x';"}`;
    const { code, text } = await bench(['validate', quickstart, '--set', set]);
    expect(code).toBe(20);
    expect(text).toContain('secrets do not belong in a workload: use --client-config');
  });
});

it('conceals what the broker and the clients said of a run', () => {
  const client = {
    common: {},
    bootstrap: null,
    notes: [],
    conceal: (text: string) => text.replaceAll('hunter2', '(hidden)'),
  };
  const outcome = { conducted: { reason: 'hunter2?' }, problems: ['not hunter2'] };
  const hidden = concealed(outcome as unknown as Parameters<typeof concealed>[0], client);
  expect(hidden).toEqual({ conducted: { reason: '(hidden)?' }, problems: ['not (hidden)'] });
});
