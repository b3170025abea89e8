import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunRecord } from '../../reports/run-record.ts';
import { outputOf } from '../child-output.ts';
import { packageRoot } from '../package.ts';
import { freePorts, installKafka, startKafka } from './apache-kafka.ts';
import { type Checks, expectEqual } from './checks.ts';

/** Records a second and the measured part: a fifth of all records is meant to be sent while the broker stands still. */
const RATE = 1_000;
const MEASURE_S = 10;
const PAUSE_MS = 2_000;
/** When the broker is stopped, counted in records: in the measured part, and well before its end. */
const PAUSE_AT_RECORDS = 3_000;
/** A run starts, connects and loads within this. */
const LOAD_MS = 20_000;
/** SIGSTOP and SIGCONT come from outside and a little late; a broker that wakes has a backlog to work off. */
const SLACK_MS = 1_000;

const WORKLOAD = `target: kafka
topics:
  - { name: paused, partitions: 6 }
producers:
  - { topic: paused, count: 2, rate: ${RATE}/s, value: 1KiB, client: { acks: all, linger.ms: 0 } }
consumers:
  - { topic: paused, group: readers, count: 1 }
phases: { warmup: 2s, measure: ${MEASURE_S}s, drain: 20s }
expect:
  durability: pass
`;

/**
 * A fixed rate against Apache Kafka whose process is stopped for two seconds from outside. What was meant to be sent then
 * waited between nothing and the whole pause, evenly: with a fifth of all records among it, their latencies from the
 * intended time say what every percentile must be. A generator that waits with its broker would show a few slow records.
 */
export async function checkKafkaPause(checks: Checks): Promise<void> {
  await checks.run(
    `kafka: a pause of ${PAUSE_MS / 1000} s by SIGSTOP is in the percentiles of publish latency`,
    async () => {
      await installKafka();
      await using kafka = await startKafka();
      const folder = mkdtempSync(join(tmpdir(), 'faultline-pause-'));
      try {
        const { record, pausedMs } = await runPaused(folder, kafka.bootstrap, (signal) => kafka.signal(0, signal));
        judge(record, pausedMs);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    180_000,
  );
}

async function runPaused(
  folder: string,
  bootstrap: string,
  signalBroker: (signal: NodeJS.Signals) => void,
): Promise<{ record: RunRecord; pausedMs: number }> {
  const file = join(folder, 'paused.yaml');
  writeFileSync(file, WORKLOAD);
  const [port] = await freePorts(1);
  const command = ['run', file, '--bootstrap', bootstrap, '--metrics-port', String(port), '--json'];
  const child = spawn(process.execPath, [join(packageRoot, 'scripts', 'bench.js'), ...command], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { text, closed } = outputOf(child);
  try {
    await untilAcked(`http://localhost:${port}/metrics`, PAUSE_AT_RECORDS, () => child.exitCode !== null);
    const stoppedAt = performance.now();
    signalBroker('SIGSTOP');
    try {
      await sleep(PAUSE_MS);
    } finally {
      signalBroker('SIGCONT');
    }
    const pausedMs = performance.now() - stoppedAt;
    const code = await closed;
    if (!text.out.startsWith('{'))
      throw new Error(`bench run ended with ${code}: ${(text.errors + text.out).slice(-2000)}`);
    return { record: JSON.parse(text.out) as RunRecord, pausedMs };
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`${error instanceof Error ? error.message : error}\n${text.errors.slice(-2000)}`, { cause: error });
  }
}

/** What the run shows of itself while it lasts says when its load has come so far. */
async function untilAcked(url: string, records: number, hasEnded: () => boolean): Promise<void> {
  let seen = 0;
  for (const deadline = performance.now() + LOAD_MS; performance.now() < deadline && !hasEnded(); await sleep(20)) {
    // Refused until the run has come to its load.
    const text = await fetch(url).then(
      (response) => response.text(),
      () => '',
    );
    seen = Number(/^faultline_load_records_acked_total\{.*\} (\S+)$/m.exec(text)?.[1] ?? 0);
    if (seen >= records) return;
  }
  throw new Error(`${seen} of ${records} records were acknowledged ${LOAD_MS} ms after the start`);
}

function judge({ metrics, verdict, generator, exit }: RunRecord, pausedMs: number): void {
  const publish = metrics.publish;
  if (publish === undefined) throw new Error('no publish latency');
  const shown = (['p50', 'p95', 'p99', 'p99.9', 'max'] as const).map(
    (name) => `${name} ${publish[name]?.toFixed(1) ?? '–'}`,
  );
  process.stdout.write(
    `      stopped for ${pausedMs.toFixed(0)} ms: ${publish.count} records, publish ${shown.join(', ')} ms; the generator ${generator?.state}\n`,
  );
  expectEqual(verdict.result, 'pass', 'verdict');
  expectEqual(exit, 0, 'exit code');
  expectEqual(publish.count, RATE * MEASURE_S, 'publish latencies: one for every intended record');
  // Of records that are evenly spread over a pause, the share s of all waits longer than pause − s × (measured part).
  const waited = (share: number): number => pausedMs - share * MEASURE_S * 1000;
  for (const [name, share] of [
    ['p95', 0.05],
    ['p99', 0.01],
    ['p99.9', 0.001],
    ['max', 0],
  ] as const) {
    const [least, most] = [waited(share) - SLACK_MS / 4, waited(share) + SLACK_MS];
    const value = publish[name] ?? Number.NaN;
    if (!(value >= least && value <= most)) {
      throw new Error(`publish ${name} is ${value} ms, not ${least.toFixed(0)} … ${most.toFixed(0)} ms`);
    }
  }
}
