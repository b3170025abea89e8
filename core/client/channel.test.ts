import { describe, expect, it } from 'vitest';
import { apiVersions, encodeResponseFrame, initProducerId, metadata, produce } from '../protocol/index.ts';
import { type Channel, openChannel } from './channel.ts';
import { ChannelError } from './channel-error.ts';
import { ResponseFrames } from './response-frames.ts';
import { FakeBroker } from './testing/fake-broker.ts';
import { MemoryNetwork } from './testing/memory-network.ts';
import { VirtualTime } from './testing/virtual-time.ts';

const drain = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function world(): Promise<{
  time: VirtualTime;
  network: MemoryNetwork;
  broker: FakeBroker;
  open: () => Promise<Channel>;
}> {
  const time = new VirtualTime(drain);
  const network = new MemoryNetwork(time);
  const broker = new FakeBroker(time, 'b', 1);
  broker.on(metadata, () => ({ kind: 'answer', body: { clusterId: 'c' } }));
  await broker.start(network);
  const runtime = { network, timers: time, clock: time };
  const open = (): Promise<Channel> =>
    time.until(openChannel({ runtime, host: 'b', port: 1, clientId: 'test', connectTimeoutMs: 1000 }));
  return { time, network, broker, open };
}

async function failure(promise: Promise<unknown>): Promise<ChannelError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ChannelError);
  return error as ChannelError;
}

describe('opening a channel', () => {
  it('agrees on the highest version that both ends know', async () => {
    const { broker, open } = await world();
    broker.on(produce, () => ({ kind: 'silence' }), 9);
    const channel = await open();
    expect(channel.version(produce)).toBe(9);
    expect(channel.version(produce, 7)).toBe(7);
    expect(channel.version(produce, 2)).toBeNull();
    expect(channel.version(initProducerId)).toBeNull();
    channel.close();
  });

  it('falls back when the broker does not know our ApiVersions version (KIP-511)', async () => {
    const { broker, open } = await world();
    broker.on(apiVersions, () => ({ kind: 'answer', body: broker.versions() }), 1);
    const channel = await open();
    expect(broker.requests).toEqual(['ApiVersions', 'ApiVersions']);
    expect(channel.version(apiVersions)).toBe(1);
    channel.close();
  });

  it('leaves out a last version that is a preview', async () => {
    const { broker, open } = await world();
    broker.on(initProducerId, () => ({ kind: 'silence' }));
    expect((await open()).version(initProducerId)).toBe(5);
  });

  it('says that nothing was sent when nobody listens, and gives up in time when nobody answers', async () => {
    const { time, network, broker, open } = await world();
    const runtime = { network, timers: time, clock: time };
    const refused = openChannel({ runtime, host: 'b', port: 2, clientId: null, connectTimeoutMs: 1000 });
    expect((await failure(time.until(refused))).kind).toBe('notSent');
    broker.on(apiVersions, () => ({ kind: 'silence' }));
    const startMs = time.nowMs;
    expect((await failure(open())).kind).toBe('timeout');
    expect(time.nowMs - startMs).toBeLessThanOrEqual(1001);
  });

  it('skips ApiVersions between nodes that know each other', async () => {
    const { time, network, broker } = await world();
    const runtime = { network, timers: time, clock: time };
    const options = { runtime, host: 'b', port: 1, clientId: null, connectTimeoutMs: 1000, fixedVersions: true };
    const channel = await time.until(openChannel(options));
    expect(channel.version(metadata)).toBe(13);
    expect((await time.until(channel.request(metadata, 13, {}, 1000))).clusterId).toBe('c');
    expect(broker.requests).toEqual(['Metadata']);
  });
});

describe('requests', () => {
  it('are answered although responses come in pieces of one byte', async () => {
    const { time, network, open } = await world();
    network.pieceBytes = 1;
    const channel = await open();
    const answers = [1, 2, 3].map(() => channel.request(metadata, 12, {}, 1000));
    expect((await time.until(Promise.all(answers))).map((answer) => answer.clusterId)).toEqual(['c', 'c', 'c']);
    expect(channel.inFlight).toBe(0);
  });

  it('that wait too long are told of, once in each such time, and those that are answered are not', async () => {
    const { time, network, broker } = await world();
    const runtime = { network, timers: time, clock: time };
    let told = 0;
    const slow = { afterMs: 100, tell: () => told++ };
    const options = { runtime, host: 'b', port: 1, clientId: null, connectTimeoutMs: 1000, fixedVersions: true, slow };
    const channel = await time.until(openChannel(options));
    for (let asked = 0; asked < 5; asked++) {
      await time.until(channel.request(metadata, 13, {}, 10_000));
      await time.until(time.sleep(60));
    }
    expect([told, channel.waitingSinceNs]).toEqual([0, null]);
    broker.on(metadata, () => ({ kind: 'silence' }));
    const failed = failure(channel.request(metadata, 13, {}, 1000));
    await time.until(time.sleep(350));
    expect(told).toBe(3);
    expect(channel.waitingSinceNs).not.toBeNull();
    expect((await time.until(failed)).kind).toBe('timeout');
  });

  it('that get no answer time out, and take the connection and what waits behind them along', async () => {
    const { time, broker, open } = await world();
    const channel = await open();
    let closes = 0;
    channel.onClose = () => {
      closes++;
    };
    broker.on(metadata, () => ({ kind: 'silence' }));
    const first = failure(channel.request(metadata, 12, {}, 50));
    const second = failure(channel.request(metadata, 12, {}, 5000));
    expect((await time.until(first)).kind).toBe('timeout');
    expect((await time.until(second)).kind).toBe('disconnected');
    expect(channel.closed).toBe(true);
    expect(closes).toBe(1);
    expect((await failure(channel.request(metadata, 12, {}, 50))).kind).toBe('notSent');
  });

  it('leave one timer behind, not one each', async () => {
    const { time, broker, open } = await world();
    const channel = await open();
    await time.run(2000);
    broker.on(metadata, () => ({ kind: 'silence' }));
    const before = time.pending;
    const answers = Array.from({ length: 100 }, () => failure(channel.request(metadata, 12, {}, 5000)));
    expect(time.pending - before).toBe(1);
    channel.close();
    await time.until(Promise.all(answers));
    await time.run(10);
    expect(time.pending).toBe(before);
  });

  it('that were still unsent when the connection broke are told apart', async () => {
    const { network, time, open } = await world();
    const channel = await open();
    const sent = failure(channel.request(metadata, 12, {}, 1000));
    await time.run(0);
    const unsent = failure(channel.request(metadata, 12, {}, 1000));
    channel.close();
    network.cut();
    // The second one left with the close, so nobody knows about either.
    expect((await time.until(sent)).kind).toBe('disconnected');
    expect((await time.until(unsent)).kind).toBe('disconnected');
    expect((await failure(channel.request(metadata, 12, {}, 1000))).kind).toBe('notSent');
  });

  const hostile: [string, Uint8Array][] = [
    ['a negative size', new Uint8Array([0xff, 0xff, 0xff, 0xff])],
    ['a huge size', new Uint8Array([0x7f, 0xff, 0xff, 0xff])],
    ['a frame without a correlation id', new Uint8Array([0, 0, 0, 2, 0, 0])],
    ['a correlation id that nobody waits for', new Uint8Array([0, 0, 0, 4, 0, 0, 99, 99])],
    ['a body that ends too early', new Uint8Array([0, 0, 0, 6, 0, 0, 0, 1, 0, 0])],
    ['bytes after the body', concat(encodeResponseFrame(metadata, 12, 1, {}), 3)],
  ];
  it.each(hostile)('end as malformed after %s', async (_name, bytes) => {
    const { time, broker, open } = await world();
    const channel = await open();
    broker.on(metadata, () => ({ kind: 'raw', bytes }));
    expect((await time.until(failure(channel.request(metadata, 12, {}, 1000)))).kind).toBe('malformed');
    expect(channel.closed).toBe(true);
  });

  it('that cannot be encoded reject and harm nothing else', async () => {
    const { time, open } = await world();
    const channel = await open();
    const topics = [{ name: 'x'.repeat(40000) }];
    await expect(channel.request(metadata, 1, { topics }, 1000)).rejects.not.toBeInstanceOf(ChannelError);
    expect((await time.until(channel.request(metadata, 12, {}, 1000))).clusterId).toBe('c');
  });
});

describe('ResponseFrames', () => {
  it.each([false, true])('cuts any division of a stream into the same frames, pieces lent: %s', (lent) => {
    const stream = new Uint8Array([0, 0, 0, 1, 7, 0, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 2, 9, 9]);
    for (let first = 0; first <= stream.length; first++) {
      for (let second = first; second <= stream.length; second++) {
        const frames = new ResponseFrames(100, lent);
        const seen: Uint8Array[] = [];
        for (const piece of [stream.slice(0, first), stream.slice(first, second), stream.slice(second)]) {
          if (piece.length > 0) expect(frames.push(piece, (frame) => seen.push(frame))).toBe(true);
          if (lent) piece.fill(0xee);
        }
        expect(seen.map((frame) => [...frame])).toEqual([[7], [], [1, 2, 3], [9, 9]]);
      }
    }
  });
});

/** The frame with `extra` zero bytes behind its body, and a size that says so. */
function concat(chunks: readonly Uint8Array[], extra: number): Uint8Array {
  const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const bytes = new Uint8Array(size + extra);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  new DataView(bytes.buffer).setInt32(0, size - 4 + extra);
  return bytes;
}
