import { describe, expect, it } from 'vitest';
import { createNodeRuntime } from '../../core/node/index.ts';
import {
  type ApiSchema,
  type ApiVersionsResponse,
  apiByKey,
  apiVersions,
  createTopics,
  type Draft,
  decodeResponse,
  encodeRequestFrame,
  fetch,
  joinGroup,
  type Message,
  produce,
} from '../../core/protocol/index.ts';
import { batchBaseOffset, batchCrcIsValid, encodeBatch } from '../../core/records/index.ts';
import type { Connection } from '../../core/runtime.ts';
import { Sink } from './sink.ts';

const runtime = createNodeRuntime();

/** A client that hears the sink's answer in the moment in which it asks. */
function connected() {
  const written: Uint8Array[] = [];
  let destroyed = false;
  const transport: Connection = {
    remoteAddress: 'test:1',
    bufferedBytes: 0,
    handler: { data() {}, closed() {} },
    write: (chunks) => void written.push(...chunks.map((chunk) => chunk.slice())),
    pause() {},
    resume() {},
    close() {},
    destroy() {
      destroyed = true;
    },
  };
  new Sink(runtime, 'localhost').accept(transport);
  const ask = <A extends ApiSchema>(api: A, version: number, request: Draft<A['request']>): Message<A['response']> => {
    written.length = 0;
    transport.handler.data(new Uint8Array(Buffer.concat(encodeRequestFrame(api, version, 7, 'test', request))));
    expect(destroyed, `${api.name} v${version} ended the connection`).toBe(false);
    const { correlationId, body } = decodeResponse(api, version, new Uint8Array(Buffer.concat(written)).subarray(4));
    expect(correlationId).toBe(7);
    return body;
  };
  return ask;
}

describe('a sink', () => {
  it('answers every API that it names at each version that it names', () => {
    const ask = connected();
    const { apiKeys } = ask(apiVersions, 3, {}) as ApiVersionsResponse;
    expect(apiKeys.length).toBeGreaterThan(12);
    const member = {
      memberId: 'm',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: new Uint8Array(2) }],
    };
    const ofOneMember = { groupId: 'g', sessionTimeoutMs: 1000, ...member };
    for (const { apiKey, minVersion, maxVersion } of apiKeys) {
      const api = apiByKey.get(apiKey)!;
      const first = apiKey === produce.key ? 3 : minVersion;
      for (let version = first; version <= maxVersion; version++) {
        ask(api, version, (apiKey === joinGroup.key ? ofOneMember : requestOf(api)) as Draft<ApiSchema['request']>);
      }
    }
  });

  it('takes records at once and serves them again at rising offsets, up to the bytes that are asked for', () => {
    const ask = connected();
    const topics = [{ name: 'load', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }];
    const { topicId } = ask(createTopics, 7, { topics }).topics[0]!;
    const record = { key: null, value: new Uint8Array(100), timestamp: 1 };
    const records = encodeBatch([record, record], runtime.codecs);
    const request = { acks: -1, timeoutMs: 1, topicData: [{ topicId, partitionData: [{ index: 0, records }] }] };
    const offsets = [0, 1, 2].map(() => ask(produce, 13, request).responses[0]!.partitionResponses[0]!.baseOffset);
    expect(offsets).toEqual([0, 2, 4]);
    const read = (fetchOffset: number, partitionMaxBytes: number) => {
      const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes }];
      return ask(fetch, 16, { maxWaitMs: 0, minBytes: 1, topics: [{ topicId, partitions }] }).responses[0]
        ?.partitions[0];
    };
    const all = read(2, 1 << 20)!;
    expect(all.highWatermark).toBe(6);
    expect(all.records!.length).toBe(2 * records.length);
    expect([0, records.length].map((at) => batchBaseOffset(all.records!, at))).toEqual([2, 4]);
    expect(batchCrcIsValid(all.records!, records.length, runtime.codecs)).toBe(true);
    expect(read(0, records.length)!.records!.length).toBe(records.length);
    expect(read(6, 1 << 20)).toBeUndefined();
  });
});

/** What each API cannot do without. */
function requestOf(api: ApiSchema): Record<string, unknown> {
  const needed: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(api.request.fields)) {
    const type =
      typeof field === 'string' ? field : 'each' in (field as object) ? 'each' : (field as { type?: string }).type;
    if (typeof field !== 'string' && ('in' in (field as object) || 'tag' in (field as object))) continue;
    if (type === 'each') needed[name] = [];
    else if (type === 'string') needed[name] = 'x';
    else if (type === 'bool') needed[name] = false;
    // acks=0 would have no answer, and a wait one that comes later.
    else needed[name] = name === 'acks' ? 1 : 0;
  }
  return needed;
}
