/**
 * Writes a log directory with our log and lets Apache Kafka's own DumpLogSegments read every file of it. Ends with
 * status 1 when the tool complains or counts other records than were written.
 *
 *   node scripts/peers/dump-log-segments.ts <kafka.sh>      (or KAFKA_PEER in the environment)
 *
 * `<kafka.sh> tool <class> <arguments>` must run that class.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultLogConfig, type Log, LogDirectory } from '../../core/log/index.ts';
import { createNodeRuntime } from '../../core/node/index.ts';
import { encodeBatch, encodeEndTransactionMarker } from '../../core/records/index.ts';
import type { CompressionType } from '../../core/runtime.ts';

const tool = process.argv[2] ?? process.env.KAFKA_PEER;
if (tool === undefined) {
  process.stderr.write('give the path of kafka.sh, or set KAFKA_PEER\n');
  process.exit(2);
}

const COMPRESSIONS: readonly CompressionType[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const BATCHES = 600;
const encoder = new TextEncoder();
const path = mkdtempSync(join(tmpdir(), 'faultline-dump-'));
const runtime = createNodeRuntime();
const { codecs } = runtime;
const config = { ...defaultLogConfig, segmentBytes: 40_000, indexIntervalBytes: 1000 };
const options = { path, runtime, configFor: () => config, nodeId: 1, clusterId: '4L6g3nShT-eMCtK--X86sw' };

function must(result: ReturnType<Log['append']>): void {
  if (result.kind !== 'appended') throw new Error(`not appended: ${JSON.stringify(result)}`);
}

/** Plain, idempotent and transactional batches of every codec in turn; every third transaction aborts. */
function fill(log: Log): number {
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

function dump(files: readonly string[], ...flags: string[]): string {
  const run = spawnSync(
    tool!,
    ['tool', 'org.apache.kafka.tools.DumpLogSegments', '--files', files.join(','), ...flags],
    {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    },
  );
  if (run.status !== 0)
    throw new Error(`DumpLogSegments ${flags.join(' ')} ended with ${run.status}\n${run.stdout}\n${run.stderr}`);
  return `${run.stdout}\n${run.stderr}`;
}

const COMPLAINT =
  /mismatch|is followed by|invalid|isvalid: false|corrupt|exception|error|not found|extra entries|truncated/i;
/** The tool counts from -1 in every file, so it says this of each segment that does not begin at 0, Kafka's own too. */
const FIRST_OF_SEGMENT = /^\s*-1 is followed by \d+$/;

function complaints(output: string): string[] {
  return output.split('\n').filter((line) => COMPLAINT.test(line) && !FIRST_OF_SEGMENT.test(line));
}

let problems: string[] = [];
try {
  const directory = await LogDirectory.open(options);
  const log = await directory.create('dump', 0, runtime.random.uuidBytes());
  const records = fill(log);
  await directory.close(1);
  const partition = join(path, 'dump-0');
  const of = (suffix: string): string[] =>
    readdirSync(partition)
      .filter((name) => name.endsWith(suffix))
      .map((name) => join(partition, name));
  const logs = of('.log');
  const content = dump(logs, '--deep-iteration', '--print-data-log');
  const indexes = dump([...of('.index'), ...of('.timeindex')], '--index-sanity-check');
  const verified = dump([...of('.index'), ...of('.timeindex')], '--verify-index-only');
  const others = dump([...of('.txnindex'), ...of('.snapshot')]);
  problems = [content, indexes, verified, others].flatMap(complaints);
  const seen = content.split('\n').filter((line) => line.startsWith('| offset:')).length;
  if (seen !== records) problems.push(`${records} records were written, ${seen} dumped`);
  const sane = indexes.split('\n').filter((line) => line.includes('passed sanity check')).length;
  if (sane !== of('.index').length + of('.timeindex').length) problems.push(`${sane} indexes passed the sanity check`);
  const aborted = others
    .split('\n')
    .filter((line) => line.includes('producerId: 1002') && line.includes('lastStableOffset')).length;
  const expectedAborted = Math.floor(BATCHES / 27);
  if (aborted !== expectedAborted) problems.push(`${expectedAborted} transactions aborted, ${aborted} dumped`);
  process.stdout.write(
    `${logs.length} segments, ${seen} records, ${sane} indexes sane, ${aborted} aborted transactions, ${of('.snapshot').length} snapshots\n`,
  );
} finally {
  runtime.close();
  rmSync(path, { recursive: true });
}
for (const problem of problems.slice(0, 20)) process.stdout.write(`${problem}\n`);
process.stdout.write(problems.length === 0 ? 'DumpLogSegments has no complaint\n' : `${problems.length} problems\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
