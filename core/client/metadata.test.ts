import { describe, expect, it } from 'vitest';
import { complete, ErrorCode, type MetadataResponseDraft, metadata, ZERO_UUID } from '../protocol/index.ts';
import { MetadataCache } from './metadata.ts';
import { parseAddress } from './node-links.ts';

const ID = 'AAAAAAAAAAAAAAAAAAAAEA';
const OTHER = 'AAAAAAAAAAAAAAAAAAAAIA';

function answer(leaderId: number, leaderEpoch: number, topicId: string = ID): MetadataResponseDraft {
  return {
    brokers: [1, 2, 3].map((nodeId) => ({ nodeId, host: `b${nodeId}`, port: 9092 })),
    controllerId: 3,
    topics: [{ name: 't', topicId, partitions: [{ partitionIndex: 0, leaderId, leaderEpoch }] }],
  };
}

function cacheOf(...answers: readonly MetadataResponseDraft[]): MetadataCache {
  const cache = new MetadataCache();
  for (const draft of answers) cache.apply(complete(metadata.response, draft), false);
  return cache;
}

describe('the metadata cache', () => {
  it('never goes back to an older leader epoch of the same topic (KIP-320)', () => {
    expect(cacheOf(answer(1, 5), answer(2, 4)).partition('t', 0)).toMatchObject({ leaderId: 1, leaderEpoch: 5 });
    expect(cacheOf(answer(1, 5), answer(2, 6)).partition('t', 0)).toMatchObject({ leaderId: 2, leaderEpoch: 6 });
    // Brokers before 2.3 say no epoch: there is nothing to compare.
    expect(cacheOf(answer(1, -1), answer(2, -1)).partition('t', 0)).toMatchObject({ leaderId: 2 });
  });

  it('begins anew when the topic is another one of the same name (KIP-516)', () => {
    const cache = cacheOf(answer(1, 5), answer(2, 0, OTHER));
    expect(cache.partition('t', 0)).toMatchObject({ leaderId: 2, leaderEpoch: 0 });
    expect(cache.topicName(OTHER)).toBe('t');
    expect(cache.topicName(ID)).toBeUndefined();
  });

  it('remembers leaders although a broker has not heard of the topic', () => {
    const unknown = { topics: [{ name: 't', topicId: ZERO_UUID, errorCode: ErrorCode.unknownTopicOrPartition }] };
    const cache = cacheOf(answer(1, 5), unknown);
    expect(cache.partition('t', 0)).toMatchObject({ leaderId: 1 });
    expect(cache.topic('t')?.errorCode).toBe(ErrorCode.unknownTopicOrPartition);
    expect(cache.topicName(ID)).toBe('t');
  });

  it('takes a newer leader from other responses, with its address (KIP-951)', () => {
    const cache = cacheOf(answer(1, 5));
    const four = [{ nodeId: 4, host: 'b4', port: 9092, rack: null }];
    expect(cache.applyLeader('t', 0, { leaderId: 4, leaderEpoch: 5 }, four)).toBe(false);
    expect(cache.applyLeader('t', 0, { leaderId: 9, leaderEpoch: 6 }, [])).toBe(false);
    expect(cache.applyLeader('t', 0, { leaderId: 4, leaderEpoch: 6 }, four)).toBe(true);
    expect(cache.partition('t', 0)).toMatchObject({ leaderId: 4, leaderEpoch: 6 });
    expect(cache.node(4)?.host).toBe('b4');
  });

  it('forgets topics that a full answer leaves out', () => {
    const cache = cacheOf(answer(1, 5));
    cache.apply(complete(metadata.response, { topics: [] }), true);
    expect(cache.topic('t')).toBeUndefined();
    expect(cache.topicName(ID)).toBeUndefined();
  });
});

describe('addresses', () => {
  it('are host:port, with brackets for IPv6', () => {
    expect(parseAddress('b:1')).toEqual({ host: 'b', port: 1 });
    expect(parseAddress('PLAINTEXT://b:9092')).toEqual({ host: 'b', port: 9092 });
    expect(parseAddress('[::1]:9092')).toEqual({ host: '::1', port: 9092 });
    for (const bad of ['b', 'b:', ':1', 'b:0', 'b:65536', 'b:x']) expect(() => parseAddress(bad)).toThrow('host:port');
  });
});
