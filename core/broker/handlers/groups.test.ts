import { describe, expect, test } from 'vitest';
import { settle } from '../../log/testing/world.ts';
import { nodeCodecs as codecs } from '../../node/codecs.ts';
import {
  type ApiSchema,
  deleteGroups,
  describeGroups,
  ErrorCode,
  findCoordinator,
  heartbeat,
  joinGroup,
  leaveGroup,
  listGroups,
  offsetCommit,
  offsetDelete,
  offsetFetch,
  parseVersions,
  syncGroup,
} from '../../protocol/index.ts';
import { type BrokerWorld, type BrokerWorldOptions, brokerWorld, type TestClient } from '../testing/world.ts';

const versionsOf = (api: ApiSchema): number[] => {
  const { min, max } = parseVersions(api.request.versions)!;
  return Array.from({ length: max - min + 1 }, (_, index) => min + index);
};

interface Setup extends BrokerWorld {
  readonly client: TestClient;
  readonly topicId: string;
}

async function setup(options: Partial<BrokerWorldOptions> = {}): Promise<Setup> {
  const config = { 'group.initial.rebalance.delay.ms': '0', ...options.config };
  const world = await brokerWorld({ codecs, ...options, config });
  const { id } = world.cluster.topic('t', { partitions: 2 });
  world.cluster.topic('__consumer_offsets', { partitions: 3 });
  await world.settle();
  await settle();
  return { ...world, client: world.connect(), topicId: id };
}

const joining = {
  groupId: 'g',
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 20_000,
  memberId: '',
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: new Uint8Array([0, 1]) }],
};

test.each(versionsOf(findCoordinator))('FindCoordinator v%i', async (version) => {
  const { client, port } = await setup();
  const request = version < 4 ? { key: 'g' } : { coordinatorKeys: ['g', 'h'] };
  const response = await client.request(findCoordinator, version, request);
  const found = version < 4 ? [response] : response.coordinators;
  const here = { errorCode: 0, nodeId: 1, host: 'localhost', port };
  expect(found).toMatchObject(
    version < 4
      ? [here]
      : [
          { key: 'g', ...here },
          { key: 'h', ...here },
        ],
  );
});

test('FindCoordinator has the topic made when it is missing, and answers while it cannot be', async () => {
  const world = await brokerWorld({ codecs });
  const client = world.connect();
  world.cluster.answers.set(19, () => ({ topics: [{ name: '__consumer_offsets', errorCode: 38 }] }));
  const response = await client.request(findCoordinator, 1, { key: 'g', keyType: 0 }, 100);
  expect(response).toMatchObject({ errorCode: ErrorCode.coordinatorNotAvailable, nodeId: -1 });
  world.cluster.answers.set(19, () => {
    world.cluster.topic('__consumer_offsets', { partitions: 2 });
    return { topics: [{ name: '__consumer_offsets', errorCode: 0 }] };
  });
  expect(await client.request(findCoordinator, 1, { key: 'g', keyType: 0 }, 100)).toMatchObject({ nodeId: 1 });
  const unknown = await client.request(findCoordinator, 1, { key: 'g', keyType: 9 });
  expect(unknown.errorCode).toBe(ErrorCode.invalidRequest);
});

test('without the coordinator every API says so', async () => {
  const world = await brokerWorld({ codecs });
  world.cluster.topic('t');
  await world.settle();
  const client = world.connect();
  const code = ErrorCode.notCoordinator;
  expect(await client.request(joinGroup, 9, joining)).toMatchObject({ errorCode: code, protocolName: null });
  expect(await client.request(heartbeat, 4, { groupId: 'g', memberId: 'm' })).toMatchObject({ errorCode: code });
  expect(await client.request(syncGroup, 3, { groupId: 'g', memberId: 'm' })).toMatchObject({ errorCode: code });
  const leaving = { groupId: 'g', members: [{ memberId: 'm' }] };
  expect(await client.request(leaveGroup, 5, leaving)).toMatchObject({ errorCode: code, members: [] });
  const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }];
  const commit = await client.request(offsetCommit, 9, { groupId: 'g', topics: [{ name: 't', partitions }] });
  expect(commit.topics[0]!.partitions[0]!.errorCode).toBe(code);
  const topics = [{ name: 't', partitionIndexes: [0] }];
  const oldest = await client.request(offsetFetch, 1, { groupId: 'g', topics });
  expect(oldest.topics[0]!.partitions[0]).toMatchObject({ committedOffset: -1, errorCode: code });
  expect(await client.request(offsetFetch, 2, { groupId: 'g', topics })).toMatchObject({ errorCode: code, topics: [] });
  const groups = [{ groupId: 'g', topics: null }];
  expect((await client.request(offsetFetch, 8, { groups })).groups[0]).toMatchObject({ errorCode: code });
  expect((await client.request(describeGroups, 5, { groups: ['g'] })).groups[0]).toMatchObject({ errorCode: code });
  expect((await client.request(deleteGroups, 2, { groupsNames: ['g'] })).results[0]).toMatchObject({ errorCode: code });
});

describe('membership', () => {
  test.each(versionsOf(joinGroup))('JoinGroup v%i, from first word to last', async (version) => {
    const { client } = await setup();
    let joined = await client.request(joinGroup, version, joining, 10);
    if (version >= 4) {
      expect(joined).toMatchObject({ errorCode: ErrorCode.memberIdRequired, generationId: -1 });
      joined = await client.request(joinGroup, version, { ...joining, memberId: joined.memberId }, 10);
    }
    const { memberId } = joined;
    expect(memberId).toMatch(/^test-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(joined).toMatchObject({ errorCode: 0, generationId: 1, protocolName: 'range', leader: memberId });
    expect(joined.members).toMatchObject([{ memberId, metadata: new Uint8Array([0, 1]) }]);
    expect(joined.protocolType).toBe(version >= 7 ? 'consumer' : null);
    const assignments = [{ memberId, assignment: new Uint8Array([7]) }];
    const syncing = { groupId: 'g', generationId: 1, memberId, assignments };
    for (const each of versionsOf(syncGroup)) {
      const named = each < 5 ? {} : { protocolType: 'consumer', protocolName: 'range' };
      const synced = await client.request(syncGroup, each, { ...syncing, ...named });
      expect(synced).toMatchObject({ errorCode: 0, assignment: new Uint8Array([7]) });
    }
    const nameless = await client.request(syncGroup, 5, syncing);
    expect(nameless.errorCode).toBe(ErrorCode.inconsistentGroupProtocol);
    for (const each of versionsOf(heartbeat)) {
      const beat = await client.request(heartbeat, each, { groupId: 'g', generationId: 1, memberId });
      expect(beat.errorCode).toBe(ErrorCode.none);
    }
  });

  test.each(versionsOf(leaveGroup))('LeaveGroup v%i', async (version) => {
    const { client } = await setup();
    const { memberId } = await client.request(joinGroup, 3, joining, 10);
    const leave = (id: string, groupId = 'g') =>
      client.request(
        leaveGroup,
        version,
        version < 3 ? { groupId, memberId: id } : { groupId, members: [{ memberId: id }] },
      );
    const codeOf = async (answer: ReturnType<typeof leave>): Promise<number> => {
      const { errorCode, members } = await answer;
      if (version < 3) return errorCode;
      expect(errorCode).toBe(ErrorCode.none);
      return members[0]!.errorCode;
    };
    expect(await codeOf(leave('nobody'))).toBe(ErrorCode.unknownMemberId);
    expect(await codeOf(leave('nobody', 'no-such-group'))).toBe(ErrorCode.unknownMemberId);
    expect(await codeOf(leave(memberId))).toBe(ErrorCode.none);
    expect(await codeOf(leave(memberId))).toBe(ErrorCode.unknownMemberId);
  });

  test('a refused JoinGroup carries no null that its version cannot', async () => {
    const { client } = await setup();
    for (const version of versionsOf(joinGroup)) {
      const refused = await client.request(joinGroup, version, { ...joining, memberId: 'nobody' });
      expect(refused.errorCode).toBe(ErrorCode.unknownMemberId);
      expect(refused.protocolName).toBe(version < 7 ? '' : null);
    }
  });
});

describe('offsets', () => {
  const partitions = [
    { partitionIndex: 0, committedOffset: 42, committedLeaderEpoch: 3, committedMetadata: 'note' },
    { partitionIndex: 9, committedOffset: 1, committedMetadata: null },
  ];

  test.each(versionsOf(offsetCommit))('OffsetCommit v%i, read back by every OffsetFetch', async (version) => {
    const { client, topicId } = await setup();
    const unknown = version < 10 ? { name: 'u' } : { topicId: 'AAAAAAAAAAAAAAAAAAAAAQ' };
    const topics = [
      { ...(version < 10 ? { name: 't' } : { topicId }), partitions },
      { ...unknown, partitions: [partitions[0]!] },
    ];
    const committed = await client.request(offsetCommit, version, { groupId: 'g', topics }, 1);
    expect(committed.topics.map((topic) => topic.partitions.map(({ errorCode }) => errorCode))).toEqual([
      [ErrorCode.none, ErrorCode.unknownTopicOrPartition],
      [version < 10 ? ErrorCode.unknownTopicOrPartition : ErrorCode.unknownTopicId],
    ]);
    for (const each of versionsOf(offsetFetch)) {
      const named = each < 10 ? { name: 't' } : { topicId };
      const asked = [{ ...named, partitionIndexes: [0, 1] }];
      const request = each < 8 ? { groupId: 'g', topics: asked } : { groups: [{ groupId: 'g', topics: asked }] };
      const response = await client.request(offsetFetch, each, request);
      const group = each < 8 ? response : response.groups[0]!;
      expect(group.errorCode).toBe(ErrorCode.none);
      expect(group.topics).toMatchObject([
        {
          ...named,
          partitions: [
            { partitionIndex: 0, committedOffset: 42, metadata: 'note', errorCode: 0 },
            { partitionIndex: 1, committedOffset: -1, metadata: '', errorCode: 0 },
          ],
        },
      ]);
      // The leader's epoch travels from v6 of the commit to v5 of the fetch.
      expect(group.topics[0]!.partitions[0]!.committedLeaderEpoch).toBe(version >= 6 && each >= 5 ? 3 : -1);
      if (each < 2) continue;
      const all = each < 8 ? { groupId: 'g', topics: null } : { groups: [{ groupId: 'g', topics: null }] };
      const everything = await client.request(offsetFetch, each, all);
      const listed = each < 8 ? everything.topics : everything.groups[0]!.topics;
      expect(listed).toMatchObject([{ ...named, partitions: [{ partitionIndex: 0, committedOffset: 42 }] }]);
    }
  });

  test('a topic that is unknown by id, and one that is gone', async () => {
    const world = await setup();
    const { client, cluster } = world;
    cluster.topic('u');
    await world.settle();
    const topics = ['t', 'u'].map((name) => ({ name, partitions: [partitions[0]!] }));
    await client.request(offsetCommit, 8, { groupId: 'g', topics }, 1);
    const asked = [{ topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partitionIndexes: [0] }];
    const byId = await client.request(offsetFetch, 10, { groups: [{ groupId: 'g', topics: asked }] });
    expect(byId.groups[0]!.topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.unknownTopicId);
    cluster.topicsByName.delete('u');
    const all = await client.request(offsetFetch, 10, { groups: [{ groupId: 'g', topics: null }] });
    expect(all.groups[0]!.topics).toHaveLength(1);
  });

  test('OffsetDelete', async () => {
    const { client } = await setup();
    await client.request(offsetCommit, 8, { groupId: 'g', topics: [{ name: 't', partitions }] }, 1);
    const topics = [{ name: 't', partitions: [{ partitionIndex: 9 }, { partitionIndex: 0 }] }];
    const response = await client.request(offsetDelete, 0, { groupId: 'g', topics }, 1);
    expect(response.topics[0]!.partitions).toMatchObject([
      { partitionIndex: 9, errorCode: ErrorCode.unknownTopicOrPartition },
      { partitionIndex: 0, errorCode: ErrorCode.none },
    ]);
    const left = await client.request(offsetFetch, 2, { groupId: 'g', topics: null });
    expect(left.topics).toEqual([]);
    const unknown = await client.request(offsetDelete, 0, { groupId: 'h', topics });
    expect(unknown.errorCode).toBe(ErrorCode.groupIdNotFound);
  });
});

test('what groups there are, in every version', async () => {
  const { client } = await setup();
  const { memberId } = await client.request(joinGroup, 3, joining, 10);
  const assignments = [{ memberId, assignment: new Uint8Array([7]) }];
  await client.request(syncGroup, 3, { groupId: 'g', generationId: 1, memberId, assignments });
  for (const version of versionsOf(describeGroups)) {
    const operations = version < 3 ? {} : { includeAuthorizedOperations: true };
    const { groups } = await client.request(describeGroups, version, { groups: ['g', 'none'], ...operations });
    const member = {
      memberId,
      clientId: 'test',
      memberAssignment: new Uint8Array([7]),
      memberMetadata: new Uint8Array([0, 1]),
    };
    const stable = { groupState: 'Stable', protocolType: 'consumer', protocolData: 'range', members: [member] };
    expect(groups).toMatchObject([
      stable,
      { groupState: 'Dead', errorCode: version < 6 ? 0 : ErrorCode.groupIdNotFound },
    ]);
    expect(groups[0]!.members[0]!.clientHost).toMatch(/^\//);
    if (version >= 3) expect(groups[0]!.authorizedOperations).toBe(3400);
  }
  for (const version of versionsOf(listGroups)) {
    const { groups } = await client.request(listGroups, version, version < 4 ? {} : { statesFilter: ['STABLE'] });
    expect(groups).toMatchObject([{ groupId: 'g', protocolType: 'consumer' }]);
    if (version >= 4) expect(groups[0]!.groupState).toBe('Stable');
    if (version >= 5) expect(groups[0]!.groupType).toBe('classic');
  }
  expect((await client.request(listGroups, 4, { statesFilter: ['Empty'] })).groups).toEqual([]);
  expect((await client.request(listGroups, 5, { typesFilter: ['consumer'] })).groups).toEqual([]);
  expect((await client.request(listGroups, 5, { typesFilter: ['Classic'] })).groups).toHaveLength(1);
  for (const version of versionsOf(deleteGroups)) {
    const { results } = await client.request(deleteGroups, version, { groupsNames: ['g', 'none'] });
    expect(results.map(({ errorCode }) => errorCode)).toEqual([ErrorCode.nonEmptyGroup, ErrorCode.groupIdNotFound]);
  }
});

test('a group outlives its broker: offsets and members are read from the disk', async () => {
  const first = await setup();
  const { memberId } = await first.client.request(joinGroup, 3, joining, 10);
  const assignments = [{ memberId, assignment: new Uint8Array([7]) }];
  await first.client.request(syncGroup, 3, { groupId: 'g', generationId: 1, memberId, assignments });
  const partitions = [{ partitionIndex: 0, committedOffset: 42, committedMetadata: '' }];
  const topics = [{ name: 't', partitions }];
  await first.client.request(offsetCommit, 7, { groupId: 'g', memberId, generationIdOrMemberEpoch: 1, topics }, 1);
  first.assembly.close();
  const second = await setup({ disk: first.disk });
  await second.time.pass(50);
  await settle();
  const fetched = await second.client.request(offsetFetch, 2, { groupId: 'g', topics: null });
  expect(fetched.topics[0]!.partitions[0]!.committedOffset).toBe(42);
  const beat = await second.client.request(heartbeat, 1, { groupId: 'g', generationId: 1, memberId });
  expect(beat.errorCode).toBe(ErrorCode.none);
});
