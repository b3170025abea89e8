import { ErrorCode } from '../../../core/protocol/index.ts';
import { expectEqual as equal } from '../checks.ts';
import { isTrue, type Suite } from './suite.ts';

/** Topics, configs, and what is told of the cluster. */
export async function administration(suite: Suite): Promise<void> {
  const { admin, check, run, runtime, topic } = suite;

  await check('cluster: brokers, controller, topics', async () => {
    const cluster = await admin.describeCluster();
    isTrue(cluster.brokers.length >= 1, 'no brokers');
    isTrue(cluster.clusterId.length > 0, 'no cluster id');
  });

  await check('topic: create, describe, refuse twice, grow, delete', async () => {
    const name = await topic('life', 2, { 'retention.ms': '7200000' });
    const [again] = await admin.createTopics([{ name, partitions: 2, replicationFactor: 1 }]);
    equal(again?.errorCode, ErrorCode.topicAlreadyExists, 'creating it twice');
    const [described] = await admin.describeTopics([name]);
    equal(described?.partitions.length, 2, 'partitions');
    isTrue(
      described!.partitions.every((one) => one.leaderId >= 0),
      'a partition has no leader',
    );
    const [grown] = await admin.createPartitions([{ name, count: 5 }]);
    equal(grown?.errorCode, 0, 'createPartitions');
    for (let attempt = 0; ; attempt++) {
      const [now] = await admin.describeTopics([name]);
      if (now?.partitions.length === 5) break;
      isTrue(attempt < 50, 'the topic did not grow');
      await runtime.timers.sleep(50);
    }
    const [gone] = await admin.deleteTopics([name]);
    equal(gone?.errorCode, 0, 'deleteTopics');
    const [missing] = await admin.deleteTopics([`${run}-never`]);
    equal(missing?.errorCode, ErrorCode.unknownTopicOrPartition, 'deleting what is not there');
  });

  await check('configs: describe and alter those of a topic', async () => {
    const name = await topic('configs', 1, { 'retention.ms': '7200000' });
    const resource = { type: 'topic', name } as const;
    const current = async (key: string): Promise<string | null | undefined> => {
      const [described] = await admin.describeConfigs([resource]);
      equal(described?.errorCode, 0, 'describeConfigs');
      return described?.configs.find((config) => config.name === key)?.value;
    };
    equal(await current('retention.ms'), '7200000', 'retention.ms');
    const change = { name: 'retention.ms', operation: 'set', value: '3600000' } as const;
    const [altered] = await admin.incrementalAlterConfigs([{ ...resource, changes: [change] }]);
    equal(altered?.errorCode, 0, 'incrementalAlterConfigs');
    for (let attempt = 0; (await current('retention.ms')) !== '3600000'; attempt++) {
      isTrue(attempt < 50, 'the change was not seen');
      await runtime.timers.sleep(50);
    }
    const bad = { name: 'no.such.config', operation: 'set', value: '1' } as const;
    const [refused] = await admin.incrementalAlterConfigs([{ ...resource, changes: [bad] }]);
    isTrue(refused?.errorCode !== 0, 'an unknown config was taken');
  });

  await check('replicas: log dirs, quorum, elections, reassignments', async () => {
    const name = await topic('replicas', 1);
    const cluster = await admin.describeCluster();
    const dirs = await admin.describeLogDirs(cluster.brokers.map((broker) => broker.id));
    isTrue(
      dirs.some((dir) => dir.replicas.some((replica) => replica.topic === name)),
      'no log dir has the partition',
    );
    const quorum = await admin.describeQuorum();
    isTrue(quorum.leaderId >= 0 && quorum.voters.length >= 1, 'no quorum');
    const [elected] = await admin.electLeaders('preferred', [{ topic: name, partition: 0 }]);
    isTrue([0, ErrorCode.electionNotNeeded].includes(elected?.errorCode as 0), `electLeaders: ${elected?.errorCode}`);
    equal((await admin.listPartitionReassignments(null)).length, 0, 'listPartitionReassignments');
    const [cancelled] = await admin.alterPartitionReassignments([{ topic: name, partition: 0, replicas: null }]);
    equal(cancelled?.errorCode, ErrorCode.noReassignmentInProgress, 'cancelling what is not under way');
  });
}
