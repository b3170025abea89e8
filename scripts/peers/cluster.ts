import { installKafka, kafkaTool } from './apache-kafka.ts';
import { serveProcess } from './broker-process.ts';
import { type Checks, expectEqual, expectMatch } from './checks.ts';
import type { Finished } from './process.ts';

/** Kafka's own tools against three of our brokers, each of which is a controller as well. */
export async function checkCluster(checks: Checks): Promise<void> {
  await installKafka();
  await using cluster = await serveProcess(['--memory', '--brokers', '3']);
  await checkMetadataQuorum(checks, cluster.bootstrap);
}

/** kafka-metadata-quorum: who votes, how far each is, and that a fixed set of voters says so when it is to change. */
async function checkMetadataQuorum(checks: Checks, bootstrap: string): Promise<void> {
  const quorum = (args: readonly string[]): Promise<Finished> =>
    kafkaTool('MetadataQuorumCommand', ['--bootstrap-server', bootstrap, ...args], { timeoutMs: 50_000 });
  const described = async (what: '--status' | '--replication'): Promise<string> => {
    const result = await quorum(['describe', what]);
    expectEqual(result.code, 0, `exit code (${result.stdout}${result.stderr})`);
    return result.stdout;
  };

  await checks.run('cluster: MetadataQuorumCommand describes the status', async () => {
    expectStatus(await described('--status'));
  });

  await checks.run('cluster: MetadataQuorumCommand asks a controller itself (KIP-919)', async () => {
    // Where the controllers are: as the quorum itself says.
    const controllers = (await described('--status')).match(/(?<=CONTROLLER:\/\/)[^"]+/g) ?? [];
    expectEqual(controllers.length, 3, 'controllers');
    for (const controller of controllers) {
      const args = ['--bootstrap-controller', controller, 'describe', '--status'];
      const result = await kafkaTool('MetadataQuorumCommand', args, { timeoutMs: 50_000 });
      expectEqual(result.code, 0, `exit code (${result.stdout}${result.stderr})`);
      expectStatus(result.stdout);
    }
  });

  await checks.run('cluster: MetadataQuorumCommand describes how far each voter is', async () => {
    const rows = (await described('--replication'))
      .split('\n')
      .slice(1)
      .map((line) => line.split('\t').map((cell) => cell.trim()))
      .filter((cells) => cells.length > 6);
    expectEqual(rows.map(([id]) => id).sort(), ['1', '2', '3'], 'members');
    expectEqual(rows.map((cells) => cells[6]).sort(), ['Follower', 'Follower', 'Leader'], 'roles');
    for (const [id, , logEndOffset] of rows) expectEqual(Number(logEndOffset) > 0, true, `log end of ${id}`);
  });

  await checks.run('cluster: MetadataQuorumCommand is told that this set of voters is fixed', async () => {
    const directory = 'AAAAAAAAAAAAAAAAAAAAAQ';
    const ids = ['--controller-id', '1', '--controller-directory-id', directory];
    const removed = await quorum(['remove-controller', ...ids]);
    expectEqual(removed.code, 1, 'exit code');
    expectMatch(removed.stderr, /UnsupportedVersionException/, 'reason');
    const names = (await described('--status')).match(/"id": \d/g);
    expectEqual(names, ['"id": 1', '"id": 2', '"id": 3'], 'voters afterwards');
  });
}

function expectStatus(status: string): void {
  expectMatch(status, /^ClusterId: +\S+$/m, 'cluster id');
  expectMatch(status, /^LeaderId: +[123]$/m, 'leader');
  expectMatch(status, /^HighWatermark: +[1-9]\d*$/m, 'high watermark');
  expectMatch(
    status,
    /^CurrentVoters: +\[(\{"id": [123], "endpoints": \["CONTROLLER:\/\/\S+:\d+"\]\}(, )?){3}\]$/m,
    'voters',
  );
  expectMatch(status, /^CurrentObservers: +\[\]$/m, 'observers');
}
