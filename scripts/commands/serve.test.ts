import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openChannel } from '../../core/client/channel.ts';
import { createNodeRuntime } from '../../core/node/index.ts';
import { describeQuorum } from '../../core/protocol/index.ts';
import { serveProcess } from '../peers/broker-process.ts';
import { parseFeatures } from './serve.ts';

/** Who votes, with the directory and the port of each. */
async function voters(bootstrap: string): Promise<readonly string[]> {
  const runtime = createNodeRuntime({ logLevel: 'silent' });
  const [host, port] = bootstrap.split(',')[0]!.split(':') as [string, string];
  const at = { host, port: Number(port), clientId: 'serve', connectTimeoutMs: 5000 };
  const channel = await openChannel({ runtime, ...at });
  const topics = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }];
  const { topics: described, nodes } = await channel.request(describeQuorum, 2, { topics }, 5000);
  channel.close();
  runtime.close();
  return described[0]!.partitions[0]!.currentVoters.map(({ replicaId, replicaDirectoryId }) => {
    const listeners = nodes.find(({ nodeId }) => nodeId === replicaId)?.listeners ?? [];
    return `${replicaId} ${replicaDirectoryId} ${listeners.map((listener) => listener.port).join()}`;
  });
}

/** The first of two ports in a row that were free a moment ago. */
async function freePair(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, 'localhost', done));
  const { port } = server.address() as { port: number };
  await new Promise<void>((done) => server.close(() => done()));
  return port < 65535 ? port : port - 1;
}

const NO_DIRECTORY = '00000000-0000-0000-0000-000000000000';

test('--feature kraft.version=1 makes a cluster whose voters stand in the log, where the next start finds them', async () => {
  const data = mkdtempSync(join(tmpdir(), 'faultline-serve-test-'));
  onTestFinished(() => rmSync(data, { recursive: true, force: true }));
  const port = await freePair();
  const args = ['--port', String(port), '--data', data, '--feature', 'kraft.version=1'];
  const seen: (readonly string[])[] = [];
  for (let start = 0; start < 2; start++) {
    await using served = await serveProcess(args);
    seen.push(await voters(served.bootstrap));
  }
  expect(seen[0]).toEqual([expect.stringMatching(new RegExp(`^1 (?!${NO_DIRECTORY}).* ${port + 1}$`))]);
  expect(seen[1]).toEqual(seen[0]);
});

test('levels of features are those that a broker knows', () => {
  expect(parseFeatures(['kraft.version=1', 'share.version=0'])).toEqual({ 'kraft.version': 1, 'share.version': 0 });
  expect(() => parseFeatures(['kraft.version=2'])).toThrow('--feature kraft.version=2: expected a level of 0 … 1');
  expect(() => parseFeatures(['kraft=1'])).toThrow(
    'expected name=level, the name one of eligible.leader.replicas.version',
  );
  expect(() => parseFeatures(['kraft.version'])).toThrow('expected name=level');
});
