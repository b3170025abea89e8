import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nodeCodecs as codecs } from '../node/index.ts';
import { apiVersions, encodeRequestFrame, fetch, listOffsets, metadata, produce } from '../protocol/index.ts';
import { decodeBatch } from '../records/index.ts';
import { FramePool } from './frame-pool.ts';
import { FrameSplitter } from './frame-splitter.ts';
import { batch, brokerWorld, type TestClient } from './testing/world.ts';

const concat = (chunks: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(chunks));
const framed = (frame: Uint8Array): Uint8Array => {
  const bytes = Buffer.alloc(4 + frame.length);
  bytes.writeInt32BE(frame.length);
  bytes.set(frame, 4);
  return new Uint8Array(bytes);
};

test('frames come out whole and in order, however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
      fc.array(fc.nat(60), { maxLength: 40 }),
      fc.boolean(),
      (frames, cuts, lent) => {
        const stream = concat(frames.map(framed));
        const splitter = new FrameSplitter(1000, null, lent);
        const seen: Uint8Array[] = [];
        let at = 0;
        for (const cut of [...cuts, stream.length]) {
          const end = Math.min(at + cut, stream.length);
          const piece = stream.slice(at, end);
          expect(splitter.push(piece, (frame) => seen.push(frame))).toBeNull();
          if (lent) piece.fill(0xee);
          at = end;
        }
        expect(seen).toEqual(frames.map((frame) => new Uint8Array(frame)));
        expect(splitter.heldBytes).toBe(0);
      },
    ),
  );
});

test('a frame larger than allowed, or of negative size, is refused before its bytes come', () => {
  for (const size of [1001, -1, 0x7fffffff, -0x80000000]) {
    const head = Buffer.alloc(4);
    head.writeInt32BE(size);
    for (const pieces of [[head], [head.subarray(0, 1), head.subarray(1)]]) {
      const splitter = new FrameSplitter(1000);
      const refusals = pieces.map((piece) => splitter.push(new Uint8Array(piece), () => {}));
      expect(refusals.at(-1)).toMatch(/at most 1000/);
    }
  }
});

test('a frame of lent bytes is gathered in a buffer of the pool, small ones are not worth one', () => {
  const splitter = new FrameSplitter(1 << 20, new FramePool(), true);
  const piece = concat([new Uint8Array(5000).fill(1), new Uint8Array(10).fill(2)].map(framed));
  const seen: { frame: Uint8Array; pooled: boolean }[] = [];
  splitter.push(piece, (frame, buffer) => seen.push({ frame, pooled: buffer !== null }));
  piece.fill(0xee);
  expect(seen.map(({ pooled }) => pooled)).toEqual([true, false]);
  expect(seen.map(({ frame }) => frame)).toEqual([new Uint8Array(5000).fill(1), new Uint8Array(10).fill(2)]);
});

test('a large frame in small pieces costs time in proportion', () => {
  const splitter = new FrameSplitter(1 << 26);
  const frame = new Uint8Array(1 << 24).fill(7);
  const stream = framed(frame);
  let whole: Uint8Array | null = null;
  const start = performance.now();
  for (let at = 0; at < stream.length; at += 100) {
    splitter.push(stream.subarray(at, at + 100), (bytes) => {
      whole = bytes;
    });
  }
  expect(performance.now() - start).toBeLessThan(2000);
  expect(whole!.length).toBe(frame.length);
  expect(whole![frame.length - 1]).toBe(7);
});

const versionsDraft = { clientSoftwareName: 'test', clientSoftwareVersion: '1' };
const produceDraft = (records: Uint8Array, acks = 1) => ({
  acks,
  timeoutMs: 1000,
  topicData: [{ name: 't', partitionData: [{ index: 0, records }] }],
});
const fetchDraft = (fetchOffset: number, maxWaitMs: number, minBytes = 1) => ({
  maxWaitMs,
  minBytes,
  sessionEpoch: -1,
  topics: [{ topic: 't', partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 1 << 20 }] }],
});
const latest = { replicaId: -1, topics: [{ name: 't', partitions: [{ partitionIndex: 0, timestamp: -1 }] }] };

test('responses come in the order of the requests, and a waiting fetch holds back what follows', async () => {
  const world = await brokerWorld({ codecs });
  world.cluster.topic('t');
  const client = world.connect();
  void client.send(produce, 9, produceDraft(batch(codecs, ['a'])));
  void client.send(produce, 9, produceDraft(batch(codecs, ['b'])));
  const seesBoth = client.send(listOffsets, 5, latest);
  void client.send(fetch, 12, fetchDraft(2, 400));
  void client.send(apiVersions, 3, versionsDraft);
  await world.settle();
  expect(client.order).toEqual([1, 2, 3]);
  expect((await seesBoth).topics[0]!.partitions[0]!.offset).toBe(2);
  await world.time.pass(399);
  expect(client.order).toEqual([1, 2, 3]);
  await world.time.pass(1);
  expect(client.order).toEqual([1, 2, 3, 4, 5]);
});

test('a request of an unknown ApiVersions version gets the oldest answer; every other one loses its connection', async () => {
  const world = await brokerWorld({ codecs });
  const client = world.connect();
  // Version 9 of ApiVersions: key, version, correlation id, client id, and whatever that version may hold.
  client.pipe.write([framed(new Uint8Array([0, 18, 0, 9, 0, 0, 0, 77, 0, 1, 120, 0, 3, 65, 66]))]);
  await world.settle();
  const answer = Buffer.from(client.frames[0]!);
  expect([answer.readInt32BE(0), answer.readInt16BE(4), answer.readInt32BE(6)]).toEqual([77, 35, 1]);
  expect([answer.readInt16BE(10), answer.readInt16BE(12), answer.readInt16BE(14), answer.length]).toEqual([
    18, 0, 4, 16,
  ]);
  expect(await client.request(apiVersions, 0, {})).toMatchObject({ errorCode: 0 });

  for (const [key, version] of [
    [0, 2],
    [0, 99],
    [4, 0],
    [52, 1],
    [999, 0],
    [-1, -1],
    [metadata.key, 99],
  ] as const) {
    const other = world.connect();
    const frame = Buffer.alloc(10);
    frame.writeInt16BE(key);
    frame.writeInt16BE(version, 2);
    other.pipe.write([framed(frame)]);
    expect(other.isClosed).toBe(true);
  }
  expect(world.assembly.server.connectionCount).toBe(1);

  // What was asked before the bad request is answered before the end.
  const last = world.connect();
  const good = concat(encodeRequestFrame(apiVersions, 0, 7, null, {}));
  last.pipe.write([concat([good, framed(new Uint8Array([0, 99, 0, 0, 0, 0, 0, 1]))])]);
  expect([last.order, last.isClosed]).toEqual([[7], true]);
});

test('hostile bytes cost the connection at most, never the broker or its memory', async () => {
  const world = await brokerWorld({ codecs, config: { 'socket.request.max.bytes': '100000' } });
  world.cluster.topic('t');
  const valid = concat(encodeRequestFrame(produce, 9, 1, 'c', produceDraft(batch(codecs, ['x'.repeat(100)])))).subarray(
    4,
  );
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.uint8Array({ maxLength: 300 }).map((bytes) => new Uint8Array(bytes)),
        fc.uint8Array({ maxLength: 100 }).map((bytes) => framed(bytes)),
        // A well-formed header of any API before noise.
        fc.tuple(fc.nat(80), fc.nat(14), fc.uint8Array({ maxLength: 80 })).map(([key, version, noise]) => {
          const head = Buffer.from([0, key, 0, version, 0, 0, 0, 5, 0, 1, 97, 0]);
          return framed(concat([head, noise]));
        }),
        // A valid request with one byte changed.
        fc.tuple(fc.nat(valid.length - 1), fc.nat(255)).map(([at, value]) => {
          const copy = valid.slice();
          copy[at] = value;
          return framed(copy);
        }),
      ),
      async (bytes) => {
        const client = world.connect();
        client.pipe.write([bytes]);
        await world.settle();
        client.pipe.destroy();
      },
    ),
    { numRuns: 500 },
  );
  await world.time.pass(1000);
  expect(world.assembly.server.connectionCount).toBe(0);
  expect(world.assembly.server.requestBytes).toBe(0);
  expect(world.logLines.filter((line) => line.startsWith('a request failed'))).toEqual([]);
  expect(await world.connect().request(apiVersions, 0, {})).toMatchObject({ errorCode: 0 });
});

test('a peer that does not read its responses is not served further', async () => {
  const world = await brokerWorld({ codecs });
  world.cluster.topic('t');
  const writer = world.connect();
  const value = 'v'.repeat(900_000);
  for (let count = 0; count < 4; count++) await writer.request(produce, 9, produceDraft(batch(codecs, [value])));

  const reader = world.connect();
  reader.pipe.pause();
  const server = reader.pipe.peer;
  const requests = Array.from({ length: 30 }, (_, index) =>
    concat(encodeRequestFrame(fetch, 12, index + 1, null, fetchDraft(0, 0))),
  );
  // All in one piece: what is read already is not served either.
  reader.pipe.write([concat(requests)]);
  await world.settle();
  // One response over the bound, none beyond it, and the requests wait in the peer's own buffer or as small frames.
  expect(server.bufferedBytes).toBeGreaterThan(1 << 20);
  expect(server.bufferedBytes).toBeLessThan(3 << 20);
  expect(server.paused).toBe(true);
  reader.pipe.resume();
  for (let round = 0; round < 30; round++) await world.settle();
  expect(reader.order).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
});

test('buffers of responses serve again, but not before the peer has taken what stands in them', async () => {
  const world = await brokerWorld({ codecs });
  world.network.copiesWrites = true;
  world.cluster.topic('t');
  const writer = world.connect();
  const values = Array.from({ length: 8 }, (_, index) => `${index}`.repeat(200_000));
  for (const value of values) await writer.request(produce, 9, produceDraft(batch(codecs, [value])));
  const read = async (client: TestClient, offset: number): Promise<string> => {
    const response = await client.request(fetch, 12, fetchDraft(offset, 0));
    const decoded = decodeBatch(response.responses[0]!.partitions[0]!.records!, 0, codecs);
    return decoded.kind === 'records' ? Buffer.from(decoded.records[0]!.value!).toString() : decoded.reason;
  };
  const reader = world.connect();
  const slow = world.connect();
  slow.pipe.pause();
  const late = slow.send(fetch, 12, fetchDraft(0, 0));
  await world.settle();
  for (const [offset, value] of values.entries()) expect(await read(reader, offset)).toBe(value);
  slow.pipe.resume();
  await world.settle();
  const { records } = (await late).responses[0]!.partitions[0]!;
  const decoded = decodeBatch(records!, 0, codecs);
  expect(decoded.kind === 'records' && Buffer.from(decoded.records[0]!.value!).toString()).toBe(values[0]);
  expect(world.assembly.server.framePool.idleBytes).toBeGreaterThan(1 << 20);
  expect(world.assembly.server.framePool.idleBytes).toBeLessThan(4 << 20);
});

test('a fast writer is stopped by what it has in flight, and by all connections together', async () => {
  const world = await brokerWorld({ codecs, config: { 'queued.max.request.bytes': '300000' } });
  world.cluster.topic('t', { replicas: [1, 2] });
  const clients = [world.connect(), world.connect()];
  // Follower 2 never fetches: acks=all waits.
  for (const client of clients) {
    for (let count = 0; count < 20; count++) {
      void client.send(produce, 9, produceDraft(batch(codecs, ['v'.repeat(50_000)]), -1));
    }
  }
  await world.settle();
  const { server } = world.assembly;
  expect(server.requestBytes).toBeGreaterThan(300_000);
  expect(server.requestBytes).toBeLessThan(500_000);
  expect(clients.every((client) => client.pipe.peer.paused)).toBe(true);
  await world.time.pass(20_000);
  expect(clients.map((client) => client.unanswered)).toEqual([0, 0]);
  expect(server.requestBytes).toBe(0);
});

test('connections are counted, bounded per address and in sum, and released', async () => {
  const world = await brokerWorld({
    codecs,
    config: {
      'max.connections': '4',
      'max.connections.per.ip': '2',
      'max.connections.per.ip.overrides': '10.0.0.9:3',
      'connections.max.idle.ms': '1000',
    },
  });
  const first = world.connect('10.0.0.1');
  const second = world.connect('10.0.0.1');
  expect(world.connect('10.0.0.1').isClosed).toBe(true);
  first.pipe.close();
  expect(world.connect('10.0.0.1').isClosed).toBe(false);
  const others = [world.connect('10.0.0.9'), world.connect('10.0.0.9')];
  expect(others.map(({ isClosed }) => isClosed)).toEqual([false, false]);
  expect(world.connect('10.0.0.9').isClosed).toBe(true);
  expect(world.assembly.server.connectionCount).toBe(4);
  await world.time.pass(900);
  await second.request(apiVersions, 0, {});
  await world.time.pass(600);
  expect([second.isClosed, others[0]!.isClosed]).toEqual([false, true]);
  await world.time.pass(1500);
  expect(world.assembly.server.connectionCount).toBe(0);
});

test('draining answers what has started and closes', async () => {
  const world = await brokerWorld({ codecs });
  world.cluster.topic('t');
  const busy = world.connect();
  const idle = world.connect();
  const fetched = busy.send(fetch, 12, fetchDraft(0, 300));
  await world.settle();
  let drained = false;
  void world.assembly.server.drain(1000).then(() => {
    drained = true;
  });
  await world.settle();
  expect([idle.isClosed, busy.isClosed, drained]).toEqual([true, false, false]);
  await world.time.pass(300);
  expect((await fetched).responses[0]!.partitions[0]!.errorCode).toBe(0);
  expect([busy.isClosed, drained]).toEqual([true, true]);
});
