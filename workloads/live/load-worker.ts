import { parentPort, workerData } from 'node:worker_threads';
import { createNodeRuntime, ProcessTelemetry, readSecurityFiles } from '../../core/node/index.ts';
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

/** The entry of a load thread: the actors of some seats on a real runtime, told what to do by the main thread. */
const data = workerData as LoadWorkerData;
const port = parentPort;
if (port === null) throw new Error('a load worker runs in a worker thread');
const send = (message: LoadMessage, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

const { workload, actors } = data;
const runtime = createNodeRuntime();
const roster = rosterOf(workload);
const { warmupMs, measureMs } = workload.phases;
const telemetry = new ProcessTelemetry();
let telling: NodeJS.Timeout | undefined;
const told = new Set<string>();
/** Came back from the main thread; as many as were ever on their way at once. */
const spare: Float64Array<ArrayBuffer>[] = [];
let zeroNs = Number.POSITIVE_INFINITY;

const problem = (text: string): void => {
  if (told.size >= 100 || told.has(text)) return;
  told.add(text);
  send({ kind: 'problem', text });
};
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
  history: new HistoryWriter({
    rows(rows, count) {
      const written = rows.subarray(0, count * HISTORY_WIDTH);
      const copy = spare.pop() ?? new Float64Array(rows.length);
      copy.set(written);
      send({ kind: 'rows', rows: copy, count }, [copy.buffer]);
    },
  }),
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
  if (request.kind === 'spare') {
    spare.push(request.rows);
    return;
  }
  const { id, command } = request;
  carryOut(command).then(
    () => send({ kind: 'done', id }),
    (error: unknown) => send({ kind: 'failed', id, message: error instanceof Error ? error.message : String(error) }),
  );
});
