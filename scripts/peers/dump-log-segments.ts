import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultLogConfig, type Log, LogDirectory } from '../../core/log/index.ts';
import { createNodeRuntime } from '../../core/node/index.ts';
import { encodeBatch, encodeEndTransactionMarker } from '../../core/records/index.ts';
import type { Codecs, CompressionType } from '../../core/runtime.ts';
import { installKafka, kafkaTool } from './apache-kafka.ts';
import { type Checks, expectEqual } from './checks.ts';

const COMPRESSIONS: readonly CompressionType[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const BATCHES = 600;
const encoder = new TextEncoder();
function must(result: ReturnType<Log['append']>): void {
  if (result.kind !== 'appended') throw new Error(`not appended: ${JSON.stringify(result)}`);
}

/** Plain, idempotent and transactional batches of every codec in turn; every third transaction aborts. */
function fill(log: Log, codecs: Codecs): number {
  let records = 0;
  const sequences = [0, 0, 0];
  for (let i = 0; i < BATCHES; i++) {
    const count = 1 + (i % 7);
    const values = Array.from({ length: count }, (_, k) => ({
      timestamp: 1_700_000_000_000 + i * 10 + k,
      key: encoder.encode(`key ${i % 13}`),
      value: encoder.encode(`value ${i}.${k} ${'abc'.repeat(i % 40)}`),
      headers: [{ name: 'n', value: encoder.encode(String(k)) }],
    }));
    const kind = i % 3;
    const producer =
      kind === 0
        ? {}
        : { producerId: 1000 + kind, producerEpoch: 3, baseSequence: sequences[kind]!, transactional: kind === 2 };
    sequences[kind]! += count;
    const batch = encodeBatch(values, codecs, { compression: COMPRESSIONS[i % COMPRESSIONS.length]!, ...producer });
    const guard = kind === 2 ? log.beginVerification(1002, sequences[2]! - count, 3, false) : null;
    const leaderEpoch = Math.floor(i / 200);
    must(log.append(batch, { origin: 'client', leaderEpoch, ...(guard === null ? {} : { verificationGuard: guard }) }));
    records += count;
    if (i % 9 !== 8) continue;
    const outcome = i % 27 === 26 ? 'abort' : 'commit';
    const marker = {
      outcome,
      coordinatorEpoch: 5,
      producerId: 1002,
      producerEpoch: 3,
      timestamp: 1_700_000_000_000 + i * 10,
    };
    must(log.append(encodeEndTransactionMarker(marker as never, codecs), { origin: 'coordinator', leaderEpoch }));
    records++;
  }
  return records;
}

async function dump(files: readonly string[], ...flags: string[]): Promise<string> {
  const { code, stdout, stderr } = await kafkaTool('DumpLogSegments', ['--files', files.join(','), ...flags]);
  if (code !== 0) throw new Error(`DumpLogSegments ${flags.join(' ')} ended with ${code}\n${stdout}\n${stderr}`);
  return `${stdout}\n${stderr}`;
}

const COMPLAINT =
  /mismatch|is followed by|invalid|isvalid: false|corrupt|exception|error|not found|extra entries|truncated/i;
/** The tool counts from -1 in every file, so it says this of each segment that does not begin at 0, Kafka's own too. */
const FIRST_OF_SEGMENT = /^\s*-1 is followed by \d+$/;

function complaints(output: string): string[] {
  return output.split('\n').filter((line) => COMPLAINT.test(line) && !FIRST_OF_SEGMENT.test(line));
}

/** Kafka's own DumpLogSegments reads every file of a log that we wrote. */
export async function checkDumpLogSegments(checks: Checks): Promise<void> {
  await installKafka();
  await checks.run(
    'java: DumpLogSegments reads segments, indexes and snapshots of ours without complaint',
    async () => {
      const path = mkdtempSync(join(tmpdir(), 'faultline-dump-'));
      const runtime = createNodeRuntime();
      try {
        const config = { ...defaultLogConfig, segmentBytes: 40_000, indexIntervalBytes: 1000 };
        const identity = { nodeId: 1, clusterId: '4L6g3nShT-eMCtK--X86sw' };
        const directory = await LogDirectory.open({ path, runtime, configFor: () => config, ...identity });
        const log = await directory.create('dump', 0, runtime.random.uuidBytes());
        const records = fill(log, runtime.codecs);
        await directory.close(1);
        await checkFiles(join(path, 'dump-0'), records);
      } finally {
        runtime.close();
        rmSync(path, { recursive: true });
      }
    },
  );
}

async function checkFiles(partition: string, records: number): Promise<void> {
  const of = (suffix: string): string[] =>
    readdirSync(partition)
      .filter((name) => name.endsWith(suffix))
      .map((name) => join(partition, name));
  const indexFiles = [...of('.index'), ...of('.timeindex')];
  const content = await dump(of('.log'), '--deep-iteration', '--print-data-log');
  const indexes = await dump(indexFiles, '--index-sanity-check');
  const verified = await dump(indexFiles, '--verify-index-only');
  const others = await dump([...of('.txnindex'), ...of('.snapshot')]);
  expectEqual([content, indexes, verified, others].flatMap(complaints), [], 'complaints');
  expectEqual(
    count(content, (line) => line.startsWith('| offset:')),
    records,
    'records dumped',
  );
  expectEqual(
    count(indexes, (line) => line.includes('passed sanity check')),
    indexFiles.length,
    'indexes that are sane',
  );
  const aborted = count(others, (line) => line.includes('producerId: 1002') && line.includes('lastStableOffset'));
  expectEqual(aborted, Math.floor(BATCHES / 27), 'aborted transactions dumped');
}

function count(output: string, matches: (line: string) => boolean): number {
  return output.split('\n').filter(matches).length;
}
