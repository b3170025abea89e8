import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installKafka, kafkaTool } from './apache-kafka.ts';
import { type Checks, expectEqual, expectMatch } from './checks.ts';
import { eventually, serveTrio } from './cluster-process.ts';

const CHECK_MS = 180_000;

/** Kafka's own tools for a cluster with a broker that died: who lacks copies, elections, moves. */
export async function checkClusterTools(checks: Checks): Promise<void> {
  await installKafka();
  await using trio = await serveTrio();
  const server = ['--bootstrap-server', trio.bootstrap];
  const tool = async (name: string, args: readonly string[]): Promise<string> => {
    const result = await kafkaTool(name, args, { timeoutMs: 90_000 });
    if (result.code !== 0)
      throw new Error(`${name} ${args.join(' ')}: ${result.code}\n${result.stdout}${result.stderr}`);
    return result.stdout;
  };
  const folder = mkdtempSync(join(tmpdir(), 'faultline-tools-'));
  const topic = `tools-${Date.now()}`;
  const replicaAssignment = [
    { partition: 0, replicas: [3, 1, 2] },
    { partition: 1, replicas: [1, 2, 3] },
  ];
  await trio.admin.createTopics({ topics: [{ topic, replicaAssignment }] });
  const lacking = (): Promise<string> =>
    tool('TopicCommand', [...server, '--describe', '--under-replicated-partitions']);

  try {
    await checks.run(
      'tools: TopicCommand --under-replicated-partitions follows a broker that is killed and comes back',
      async () => {
        expectEqual((await lacking()).trim(), '', 'before');
        await trio.kill(3);
        await eventually('the ISR shrank', async () => {
          const { topics } = await trio.admin.fetchTopicMetadata({ topics: [topic] });
          const shown = topics[0]!.partitions.map(({ isr }) => isr.length).join();
          return { done: shown === '2,2', shown };
        });
        const listed = await lacking();
        expectMatch(
          listed,
          new RegExp(`Topic: ${topic}\\s+Partition: 0\\s+Leader: 1\\s+Replicas: 3,1,2`),
          'partition 0',
        );
        expectMatch(listed, new RegExp(`Topic: ${topic}\\s+Partition: 1\\s+Leader: 1`), 'partition 1');
        await trio.start(3);
        await eventually('nothing lacks a copy', async () => {
          const shown = (await lacking()).trim();
          return { done: shown === '', shown };
        });
      },
      CHECK_MS,
    );

    await checks.run(
      'tools: LeaderElectionCommand gives the preferred replica its partition back',
      async () => {
        expectEqual(await trio.leaderOf(topic, 0), 1, 'leader before');
        const args = ['--election-type', 'PREFERRED', '--topic', topic, '--partition', '0'];
        const elected = await tool('LeaderElectionCommand', [...server, ...args]);
        expectMatch(
          elected,
          new RegExp(`Successfully completed leader election \\(PREFERRED\\).*${topic}-0`),
          'election',
        );
        await eventually('broker 3 leads', async () => {
          const leader = await trio.leaderOf(topic, 0);
          return { done: leader === 3, shown: `${leader}` };
        });
      },
      CHECK_MS,
    );

    await checks.run(
      'tools: ReassignPartitionsCommand moves a partition, verifies and lists',
      async () => {
        const file = join(folder, 'move.json');
        const moved = `${topic}-moved`;
        const from = [{ partition: 0, replicas: [1, 2] }];
        await trio.admin.createTopics({ topics: [{ topic: moved, replicaAssignment: from }] });
        writeFileSync(
          file,
          JSON.stringify({ version: 1, partitions: [{ topic: moved, partition: 0, replicas: [3, 2] }] }),
        );
        const plan = [...server, '--reassignment-json-file', file];
        expectMatch(
          await tool('ReassignPartitionsCommand', [...plan, '--execute']),
          /Successfully started partition reassignment/,
          'execute',
        );
        await eventually('the move is complete', async () => {
          const shown = await tool('ReassignPartitionsCommand', [...plan, '--verify']);
          return { done: new RegExp(`Reassignment of partition ${moved}-0 is completed`).test(shown), shown };
        });
        expectMatch(
          await tool('ReassignPartitionsCommand', [...server, '--list']),
          /No partition reassignments found/,
          'list',
        );
        const { topics } = await trio.admin.fetchTopicMetadata({ topics: [moved] });
        expectEqual(topics[0]!.partitions[0]!.replicas, [3, 2], 'replicas');
      },
      CHECK_MS,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
