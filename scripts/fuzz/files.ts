import { Consumer, Producer } from '../../core/client/index.ts';
import { createMemoryDisk } from '../../core/memory-disk.ts';
import { createNodeRuntime, type RunningBroker, serve } from '../../core/node/index.ts';
import type { Disk, Random } from '../../core/runtime.ts';
import { mutate } from './mutate.ts';

const RECORDS = 200;
const PARTITIONS = 2;
const START_MS = 20_000;

/** A stopped broker's data directory, damaged at random, under a broker that starts again. */
export async function fuzzFiles(random: Random, isOver: () => boolean): Promise<string> {
  const template = await writtenDisk();
  let started = 0;
  let refused = 0;
  let records = 0;
  for (let round = 0; !isOver(); round++) {
    const own = random.fork(`round ${round}`);
    const disk = copyOf(template);
    const damage = damageSome(disk, own);
    let broker: RunningBroker;
    try {
      broker = await within(
        START_MS,
        serve({ logDirs: ['/data'], disk, logLevel: 'silent', config: settings }),
        damage,
      );
    } catch (error) {
      if (!(error instanceof Error) || error.message.startsWith('no end within')) throw error;
      refused++;
      continue;
    }
    started++;
    try {
      records += await within(START_MS, readAll(broker.bootstrapServer), damage);
    } finally {
      await within(START_MS, broker.close(), damage);
    }
  }
  if (started > 20 && records === 0) throw new Error('no record was read from any directory: nothing was checked');
  return `${started + refused} damaged directories: ${started} opened with ${records} records read, all of them as written; ${refused} refused with an error`;
}

/** The smallest segments that Kafka allows, so that the directory holds several. */
const settings = { 'log.segment.bytes': '1048576', 'num.partitions': '2' };

async function writtenDisk(): Promise<Disk> {
  const disk = createMemoryDisk();
  const broker = await serve({ logDirs: ['/data'], disk, config: settings });
  const runtime = createNodeRuntime();
  const config = { 'bootstrap.servers': broker.bootstrapServer, 'linger.ms': '1' };
  const producer = new Producer({ runtime, config });
  for (let sequence = 0; sequence < RECORDS; sequence++) {
    const value = recordOf(sequence % PARTITIONS, sequence);
    const sent = await producer.sendRecord({ topic: 'fuzz', partition: sequence % PARTITIONS, value });
    if (sent.kind === 'failed') throw new Error(sent.message);
  }
  await producer.close(5000);
  runtime.close();
  await broker.close();
  return disk;
}

function recordOf(partition: number, sequence: number): Uint8Array {
  return new TextEncoder().encode(`fuzz ${partition} ${sequence} ${'x'.repeat((sequence % 9) * 3000)}`);
}

async function readAll(bootstrap: string): Promise<number> {
  const runtime = createNodeRuntime();
  const config = { 'bootstrap.servers': bootstrap, 'auto.offset.reset': 'earliest', 'default.api.timeout.ms': '500' };
  const consumer = new Consumer({ runtime, config: { ...config, 'allow.auto.create.topics': 'false' } });
  const decoder = new TextDecoder();
  let records = 0;
  let lastSequence = -1;
  try {
    consumer.assign([{ topic: 'fuzz', partition: 0 }]);
    // The first records wait for connections; where damage left none, so do we.
    for (let quiet = 0; quiet < (records === 0 ? 10 : 2); ) {
      const batches = await consumer.poll(30).catch(() => []);
      if (batches.length === 0) quiet++;
      for (const batch of batches) {
        while (batch.next()) {
          const text = decoder.decode(batch.cursor.value() ?? new Uint8Array());
          const match = /^fuzz (\d+) (\d+) x*$/.exec(text);
          const sequence = Number(match?.[2] ?? -1);
          if (
            match === null ||
            text !== decoder.decode(recordOf(Number(match[1]), sequence)) ||
            sequence <= lastSequence
          ) {
            throw new Error(
              `a reader was handed what was never written there: ${JSON.stringify(text)} after ${lastSequence}`,
            );
          }
          lastSequence = sequence;
          records++;
        }
      }
    }
  } finally {
    await consumer.close(100);
    runtime.close();
  }
  return records;
}

/** Changes one to four files, or removes them; returns what was done. */
function damageSome(disk: Disk, random: Random): string {
  const files = filesUnder(disk, '/data');
  const done: string[] = [];
  for (let left = 1 + random.below(4); left > 0; left--) {
    const path = files[random.below(files.length)]!;
    if (disk.stat(path) === null) continue;
    if (random.below(6) === 0) {
      disk.unlink(path);
      done.push(`removed ${path}`);
      continue;
    }
    const changed = mutate(contentOf(disk, path), random);
    const file = disk.open(path);
    file.truncate(0);
    file.write(0, [changed]);
    file.close();
    done.push(`changed ${path}`);
  }
  return done.join(', ');
}

function filesUnder(disk: Disk, directory: string): string[] {
  return disk.list(directory).flatMap((name) => {
    const path = `${directory}/${name}`;
    return disk.stat(path)?.kind === 'directory' ? filesUnder(disk, path) : [path];
  });
}

function contentOf(disk: Disk, path: string): Uint8Array {
  const file = disk.open(path, { readOnly: true });
  const bytes = new Uint8Array(file.size);
  file.read(0, bytes);
  file.close();
  return bytes;
}

function copyOf(source: Disk): Disk {
  const copy = createMemoryDisk();
  for (const path of filesUnder(source, '/data')) {
    copy.makeDirectory(path.slice(0, path.lastIndexOf('/')));
    const file = copy.open(path, { create: true });
    file.write(0, [contentOf(source, path)]);
    file.close();
  }
  return copy;
}

async function within<T>(ms: number, work: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const bound = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end within ${ms} ms after: ${what}`)), ms);
  });
  try {
    return await Promise.race([work, bound]);
  } catch (error) {
    if (error instanceof Error && !error.message.includes('after:')) error.message += ` (after: ${what})`;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
