import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Consumer, Producer } from '../../core/client/index.ts';
import { createNodeRuntime, nodeCodecs } from '../../core/node/index.ts';
import {
  type ApiSchema,
  apis,
  complete,
  encodeRequestFrame,
  hasVersion,
  parseVersions,
} from '../../core/protocol/index.ts';
import { encodeBatch } from '../../core/records/index.ts';
import type { Random } from '../../core/runtime.ts';
import { formatSeries, growth, type MemorySample } from './memory-series.ts';
import { mutate, randomBytes } from './mutate.ts';
import { askForMemory, serveProbed } from './probed-broker.ts';

const CONNECTIONS = 24;
const CHECK_EVERY_MS = 5_000;
/** A collection is forced for each sample: often at first, so that a short run has some; then seldom, as V8 would. */
const SAMPLE_OFTEN_UNTIL_MS = 60_000;
const SAMPLE_EVERY_MS = 30_000;

/** Throws hostile bytes at a served broker from many connections while an honest client goes on working. */
export async function fuzzConnections(random: Random, isOver: () => boolean): Promise<string> {
  // On a real disk: what honest and well-formed requests write there must not count as memory that was kept.
  const directory = mkdtempSync(join(tmpdir(), 'faultline-fuzz-'));
  try {
    return await attackServed(directory, random, isOver);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function attackServed(directory: string, random: Random, isOver: () => boolean): Promise<string> {
  await using served = await serveProbed(directory);
  const port = Number(served.bootstrap.split(':')[1]);
  const startedMs = performance.now();
  let frames = 0;
  const samples: MemorySample[] = [];
  let sampledAtMs = 0;
  let checks = 0;
  let honest = true;
  const attackers = Array.from({ length: CONNECTIONS }, (_, index) => attack(index));

  async function attack(index: number): Promise<void> {
    const own = random.fork(`connection ${index}`);
    while (!isOver() && honest) {
      const socket = await open(port);
      if (socket === null) continue;
      let closed = false;
      socket.on('close', () => {
        closed = true;
      });
      for (let left = 1 + own.below(20); left > 0 && !closed; left--) {
        frames++;
        await write(socket, hostile(own));
      }
      await pause(own.below(20));
      socket.destroy();
    }
  }

  try {
    while (!isOver()) {
      await pause(CHECK_EVERY_MS);
      await checkHonestClient(served.bootstrap, checks++);
      const elapsedMs = performance.now() - startedMs;
      if (elapsedMs > SAMPLE_OFTEN_UNTIL_MS && elapsedMs - sampledAtMs < SAMPLE_EVERY_MS) continue;
      sampledAtMs = elapsedMs;
      samples.push({ ...(await askForMemory(served)), seconds: Math.round(elapsedMs / 1000), frames });
    }
  } finally {
    honest = false;
    await Promise.all(attackers);
  }
  await checkHonestClient(served.bootstrap, checks++);
  const series = formatSeries(samples);
  const grown = growth(samples);
  if (grown !== null) throw new Error(`${grown} over ${frames} frames\n${series}`);
  return `${frames} hostile frames, ${checks} honest round trips between them; memory held:\n${series}`;
}

function hostile(random: Random): Uint8Array {
  switch (random.below(6)) {
    case 0:
      return randomBytes(1 + random.below(2000), random);
    case 1: {
      // A size prefix that lies, from negative to four gigabytes.
      const bytes = randomBytes(4 + random.below(100), random);
      new DataView(bytes.buffer).setUint32(0, random.uint32());
      return bytes;
    }
    case 2:
      return framed(mutate(validRequest(random).subarray(4), random));
    case 3:
      return mutate(validRequest(random), random);
    case 4: {
      const whole = validRequest(random);
      return whole.subarray(0, 1 + random.below(whole.length));
    }
    default:
      return validRequest(random);
  }
}

/** A request that every decoder accepts, of a random API and version, with defaults or a real batch. */
function validRequest(random: Random): Uint8Array {
  for (;;) {
    const api: ApiSchema = apis[random.below(apis.length)]!;
    const range = parseVersions(api.request.versions);
    if (range === null) continue;
    const version = range.min + random.below(range.max - range.min + 1);
    if (!hasVersion(api.request.versions, version)) continue;
    const draft = api.key === 0 ? produceDraft(version, random) : complete(api.request, {});
    try {
      return flat(encodeRequestFrame(api, version, random.below(1 << 30), 'fuzz', draft as never));
    } catch {
      // Defaults that this version cannot carry.
    }
  }
}

function produceDraft(version: number, random: Random): object {
  const records = Array.from({ length: 1 + random.below(5) }, () => ({
    timestamp: 1,
    key: null,
    value: randomBytes(random.below(200), random),
  }));
  const batch = encodeBatch(records, nodeCodecs);
  const bytes = random.float() < 0.5 ? batch : mutate(batch, random);
  const topic = version >= 13 ? { topicId: 'AAAAAAAAAAAAAAAAAAAAAQ' } : { name: `fuzz-${random.below(3)}` };
  return { acks: -1, timeoutMs: 1000, topicData: [{ ...topic, partitionData: [{ index: 0, records: bytes }] }] };
}

async function checkHonestClient(bootstrap: string, round: number): Promise<void> {
  const runtime = createNodeRuntime();
  const config = { 'bootstrap.servers': bootstrap, 'request.timeout.ms': '20000' };
  const producer = new Producer({ runtime, config });
  const consumer = new Consumer({ runtime, config: { ...config, 'auto.offset.reset': 'earliest' } });
  try {
    const value = new TextEncoder().encode(`round ${round}`);
    const sent = await producer.sendRecord({ topic: 'honest', partition: 0, value });
    if (sent.kind === 'failed') throw new Error(`an honest record was refused: ${sent.message}`);
    consumer.assign([{ topic: 'honest', partition: 0 }]);
    consumer.seek({ topic: 'honest', partition: 0 }, sent.offset);
    const deadlineMs = performance.now() + 20_000;
    for (;;) {
      for (const batch of await consumer.poll(500)) {
        if (batch.next() && new TextDecoder().decode(batch.cursor.value() ?? new Uint8Array()) === `round ${round}`)
          return;
      }
      if (performance.now() > deadlineMs) throw new Error('an honest record did not come back within 20 s');
    }
  } finally {
    await producer.close(1000);
    await consumer.close(1000);
    runtime.close();
  }
}

function open(port: number): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: 'localhost', port });
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(null));
    socket.on('error', () => {});
    // Answers are not read as they come: a slow reader is part of the attack; but some must leave.
    socket.on('data', () => {});
  });
}

function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    else socket.write(bytes, () => resolve());
  });
}

function framed(body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(4 + body.length);
  new DataView(frame.buffer).setUint32(0, body.length);
  frame.set(body, 4);
  return frame;
}

function flat(chunks: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(chunks));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
