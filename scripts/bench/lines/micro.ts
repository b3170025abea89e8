import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Bench } from 'tinybench';
import { createRandom } from '../../../core/random.ts';
import { contract } from '../../../reports/verdict/contract.ts';
import { Verdict } from '../../../reports/verdict/verdict.ts';
import { EVENT, HISTORY_WIDTH, type HistoryNames } from '../../../workloads/history.ts';
import { HistoryWriter, ROWS_PER_CHUNK } from '../../../workloads/history-writer.ts';
import { LatencyRecorder, REGION_BYTES } from '../../../workloads/recorder.ts';
import { type Context, type Figure, type Line, plainFigure } from '../figure.ts';
import { timeProtocol } from '../protocol.ts';
import { median } from '../statistics.ts';

/** Single parts on one core. */

const VALUES = 10_000;

async function recorder(context: Context): Promise<Figure[]> {
  const random = createRandom('latencies');
  // From 1 µs to 1 s, as many small as large: every size of bucket takes part.
  const values = Float64Array.from({ length: VALUES }, () => Math.round(1000 * 10 ** (random.float() * 6)));
  const latencies = new LatencyRecorder(new SharedArrayBuffer(REGION_BYTES));
  const bench = new Bench({ time: context.quick ? 200 : 2000 });
  // Many values in one turn: a clock read a value would cost more than the value.
  bench.add('recorder', () => {
    for (let index = 0; index < VALUES; index++) latencies.record(values[index]!);
  });
  const [task] = await bench.run();
  if (task?.result.state !== 'completed') throw new Error(`the recorder's run is ${task?.result.state}`);
  const ns = (task.result.latency.p50 * 1e6) / VALUES;
  context.progress(`recorder: ${ns.toFixed(2)} ns a value`);
  return [
    plainFigure('recorder', 'recorder, one value', 'ns', [ns], ns, {
      target: { of: 'value', relation: '≤', limit: 5 },
    }),
  ];
}

async function protocol(context: Context): Promise<Figure[]> {
  const times = await timeProtocol(context.quick ? 50 : 300);
  return times.map(({ name, medianUs, p99Us }) => {
    context.progress(`${name}: ${medianUs.toFixed(2)} µs`);
    return plainFigure(`protocol.${name}`, name, 'µs', [medianUs], medianUs, { note: `p99 ${p99Us.toFixed(1)} µs` });
  });
}

const PRODUCERS = 4;
const PARTITIONS = 12;
/** Of one partition, before another has its turn: about a batch. */
const RUN = 100;

/** A history as a faultless run leaves it, in pieces that are made outside the measured time. */
function verdictRun(records: number): { events: number; seconds: number; bytes: number } {
  const names: HistoryNames = {
    actors: [
      ...Array.from({ length: PRODUCERS }, (_, index) => ({
        name: `producer-${index}`,
        role: { kind: 'producer', acks: -1, idempotent: true, transactional: false } as const,
      })),
      { name: 'consumer', role: { kind: 'consumer', group: 'readers', isolation: 'read_uncommitted' } },
      { name: 'auditor', role: { kind: 'auditor', isolation: 'read_uncommitted' } },
    ],
    partitions: Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: 'bench', partition })),
  };
  const topics = [{ name: 'bench', replicationFactor: 1 }];
  const collect = collector();
  const chunk = new Float64Array(ROWS_PER_CHUNK * HISTORY_WIDTH);
  collect();
  const before = process.memoryUsage();
  const verdict = new Verdict(names, contract({ brokers: [1], broker: {}, topics }, []));
  let seconds = 0;
  let events = 0;
  const writer = new HistoryWriter(
    {
      rows(rows, count) {
        const startedAt = performance.now();
        verdict.rows(rows, count);
        seconds += (performance.now() - startedAt) / 1000;
        events += count;
      },
    },
    () => chunk,
  );
  const consumer = PRODUCERS;
  const auditor = PRODUCERS + 1;
  // What stands where is worked out again for the audit: remembered here, it would count as the verdict's.
  const producerOf = (run: number) => run % PRODUCERS;
  const firstOf = (run: number) => Math.floor(run / PRODUCERS) * RUN;
  const baseOf = (run: number) => Math.floor(run / PARTITIONS) * RUN;
  const runs = Math.ceil(records / RUN);
  let timeNs = 0;
  for (let partition = 0; partition < PARTITIONS; partition++) {
    writer.write(EVENT.assign, timeNs, consumer, partition, 0, -1, 1, -1);
  }
  for (let run = 0; run < runs; run++) {
    const partition = run % PARTITIONS;
    const producer = producerOf(run);
    const first = firstOf(run);
    const base = baseOf(run);
    for (let index = 0; index < RUN; index++) {
      timeNs += 1000;
      writer.write(EVENT.send, timeNs, producer, partition, -1, first + index, timeNs, 100);
    }
    for (let index = 0; index < RUN; index++) {
      writer.write(EVENT.ack, timeNs + 1000, producer, partition, base + index, first + index, timeNs, -1);
    }
    for (let index = 0; index < RUN; index++) {
      writer.write(EVENT.read, timeNs + 2000, consumer, partition, base + index, first + index, producer, 0);
    }
    writer.write(EVENT.processed, timeNs + 2000, consumer, partition, base + RUN, -1, -1, -1);
  }
  timeNs += 1e6;
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const written = Math.ceil((runs - partition) / PARTITIONS) * RUN;
    writer.write(EVENT.logEnd, timeNs, auditor, partition, written, -1, 0, -1);
    writer.write(EVENT.assign, timeNs, auditor, partition, 0, -1, -1, -1);
    for (let run = partition; run < runs; run += PARTITIONS) {
      const [producer, first, base] = [producerOf(run), firstOf(run), baseOf(run)];
      for (let index = 0; index < RUN; index++) {
        writer.write(EVENT.read, timeNs, auditor, partition, base + index, first + index, producer, 0);
      }
    }
  }
  writer.flush();
  collect();
  const after = process.memoryUsage();
  const startedAt = performance.now();
  const { result, sentence } = verdict.finish({ drained: true });
  seconds += (performance.now() - startedAt) / 1000;
  if (result !== 'pass') throw new Error(`the verdict over a faultless history is ${sentence}`);
  return { events, seconds, bytes: after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers };
}

/** Array buffers that a collection finds dead are freed behind its back, and counted until the next one has waited for that. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  return () => {
    collect();
    collect();
  };
}

async function verdict(context: Context): Promise<Figure[]> {
  const records = context.quick ? 240_000 : 2_400_000;
  verdictRun(120_000);
  const runs = Array.from({ length: 3 }, () => verdictRun(records));
  const rates = runs.map(({ events, seconds }) => events / seconds);
  const bytes = runs.map((run) => run.bytes / records);
  context.progress(
    `verdict: ${(median(rates) / 1e6).toFixed(2)} M events/s, ${median(bytes).toFixed(1)} bytes a record`,
  );
  return [
    plainFigure('verdict.rate', 'verdict, streaming', 'events/s', rates, median(rates), {
      target: { of: 'value', relation: '≥', limit: 2_000_000 },
    }),
    plainFigure('verdict.memory', 'verdict, kept', 'bytes/record', bytes, median(bytes), {
      target: { of: 'value', relation: '≤', limit: 16 },
    }),
  ];
}

export const microLines: readonly Line[] = [
  { name: 'recorder', title: 'one latency into the histogram', run: recorder },
  { name: 'verdict', title: 'streaming rules over a history', run: verdict },
  { name: 'protocol', title: 'codec on the messages of the hot path', run: protocol },
];
