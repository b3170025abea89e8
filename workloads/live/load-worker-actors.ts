import { parentPort, workerData } from 'node:worker_threads';
// By name: the whole room would bring the broker along, which each thread would have to load for nothing.
import { ProcessTelemetry } from '../../core/node/process-telemetry.ts';
import { createNodeRuntime } from '../../core/node/runtime.ts';
import { readSecurityFiles } from '../../core/node/security-files.ts';
import type { Environment } from '../actors/environment.ts';
import { Load } from '../actors/load.ts';
import { ownDriver } from '../actors/own-driver.ts';
import { Positions } from '../actors/positions.ts';
import { rosterOf } from '../actors/roster.ts';
import { HISTORY_WIDTH } from '../history.ts';
import { HistoryWriter } from '../history-writer.ts';
import { Measurement } from '../measurement.ts';
import { openLibrary } from './drivers/library.ts';
import type { LoadCommand, LoadMessage, LoadRequest, LoadWorkerData } from './messages.ts';

/** A mebibyte: each message wakes two threads, which costs as much as hundreds of rows. */
const ROWS_PER_MESSAGE = 16_384;

/** A load thread: the actors of some seats on a real runtime, told what to do by the main thread. */
const data = workerData as LoadWorkerData;
const port = parentPort;
if (port === null) throw new Error('a load worker runs in a worker thread');
const send = (message: LoadMessage): void => port.postMessage(message);

const { workload, actors } = data;
const runtime = createNodeRuntime();
const roster = rosterOf(workload);
const { warmupMs, measureMs } = workload.phases;
const telemetry = new ProcessTelemetry();
let telling: NodeJS.Timeout | undefined;
const told = new Set<string>();
/** As many as were ever on their way to the main thread at once, and the one that is being filled. */
const chunks: Float64Array<SharedArrayBuffer>[] = [];
/** Those that were read. */
const spare: number[] = [];
let filling = 0;
let zeroNs = Number.POSITIVE_INFINITY;

const problem = (text: string): void => {
  if (told.size >= 100 || told.has(text)) return;
  told.add(text);
  send({ kind: 'problem', text });
};
/** Rows are read where they were written: handing their memory over would cost more than all else that is done with them. */
function nextChunk(): Float64Array {
  const read = spare.pop();
  filling = read ?? chunks.length;
  if (read === undefined) {
    const rows = new Float64Array(new SharedArrayBuffer(ROWS_PER_MESSAGE * HISTORY_WIDTH * 8));
    chunks.push(rows);
    send({ kind: 'chunk', rows });
  }
  return chunks[filling]!;
}
const own = ownDriver(runtime, data.bootstrap, readSecurityFiles(data.common));
const foreign =
  data.library === null
    ? {}
    : await openLibrary(data.library, {
        runtime,
        bootstrap: data.bootstrap,
        problem,
        partitions: (name) => roster.topics.find((topic) => topic.name === name)?.partitions ?? 1,
      });

const environment: Environment = {
  workload,
  roster,
  runtime,
  driver: { ...own, ...foreign },
  measurement: new Measurement(data.measurement, warmupMs * 1e6, (warmupMs + measureMs) * 1e6),
  history: new HistoryWriter(
    {
      rows(_rows, count) {
        send({ kind: 'rows', chunk: filling, count });
      },
    },
    nextChunk,
  ),
  positions: new Positions(roster, data.positions),
  run: data.run,
  now: () => runtime.clock.monotonicNs() - zeroNs,
  file: (path) => data.files.get(path) ?? null,
  problem,
};
const load = new Load(
  environment,
  roster.producers.filter(({ actor }) => actors.includes(actor)),
  roster.consumers.filter(({ actor }) => actors.includes(actor)),
);

async function carryOut(command: LoadCommand): Promise<void> {
  switch (command.kind) {
    case 'connect':
      return load.connect();
    case 'run':
      zeroNs = command.zeroNs;
      telling = setInterval(() => send({ kind: 'telemetry', point: telemetry.next() }), 1000);
      return load.run();
    case 'pauseConsumers':
      return load.pauseConsumers();
    case 'resumeConsumers':
      return load.resumeConsumers();
    case 'stopProducers':
      return load.stopProducers(command.timeoutMs);
    case 'stopConsumers':
      clearInterval(telling);
      telemetry.stop();
      await load.stopConsumers(command.timeoutMs);
      runtime.close();
  }
}

port.on('message', (request: LoadRequest) => {
  if (request.kind === 'read') {
    spare.push(request.chunk);
    return;
  }
  const { id, command } = request;
  carryOut(command).then(
    () => send({ kind: 'done', id }),
    (error: unknown) => send({ kind: 'failed', id, message: error instanceof Error ? error.message : String(error) }),
  );
});
