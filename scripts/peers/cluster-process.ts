import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { serveProcess } from './broker-process.ts';
import { runCommand, stopProcess, waitForLine } from './process.ts';

/** `bench serve --brokers 3`, with a hand on each broker's process. */
export interface ServedTrio extends AsyncDisposable {
  readonly bootstrap: string;
  readonly admin: Admin;
  /** Leader of a partition, by broker id. */
  leaderOf(topic: string, partition: number): Promise<number>;
  /** SIGKILL; the data stays. */
  kill(id: number): Promise<void>;
  /** Starts a killed broker again, by its own command line. */
  start(id: number): Promise<void>;
}

const POLL_MS = 100;

/** Starts three brokers with their data in a temporary folder. Linux: processes are found in /proc. */
export async function serveTrio(): Promise<ServedTrio> {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-trio-'));
  const served = await serveProcess(['--brokers', '3', '--data', folder]);
  const started = new Map<number, ChildProcess>();
  const admin = new Kafka({
    clientId: 'trio',
    brokers: served.bootstrap.split(','),
    logLevel: logLevel.NOTHING,
  }).admin();
  const commands = await brokerCommands(served.pid);
  await admin.connect();
  return {
    bootstrap: served.bootstrap,
    admin,
    async leaderOf(topic, partition) {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      return topics[0]!.partitions.find(({ partitionId }) => partitionId === partition)!.leader;
    },
    async kill(id) {
      const own = started.get(id);
      if (own !== undefined) await stopProcess(own, 0);
      else process.kill(commands.get(id)!.pid, 'SIGKILL');
    },
    async start(id) {
      const [program, ...args] = commands.get(id)!.words;
      const child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'pipe'] });
      started.set(id, child);
      await waitForLine(child, /^ready \d+$/m, 60_000);
    },
    async [Symbol.asyncDispose]() {
      await admin.disconnect();
      await Promise.all([...started.values()].map((child) => stopProcess(child)));
      await served.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function brokerCommands(parent: number): Promise<Map<number, { pid: number; words: string[] }>> {
  const { stdout } = await runCommand('ps', ['-o', 'pid=', '--ppid', String(parent)]);
  const commands = new Map<number, { pid: number; words: string[] }>();
  for (const pid of stdout.trim().split(/\s+/).map(Number)) {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
    const id = /"nodeId":(\d+)/.exec(words.at(-1) ?? '');
    if (id !== null) commands.set(Number(id[1]), { pid, words });
  }
  if (commands.size !== 3) throw new Error(`expected three broker processes below ${parent}, found ${commands.size}`);
  return commands;
}

/** Asks again and again until the answer is there; rejects with what it was last after `timeoutMs`. */
export async function eventually(
  what: string,
  ask: () => Promise<{ readonly done: boolean; readonly shown: string }>,
  timeoutMs = 60_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const { done, shown } = await ask();
    if (done) return;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms; last: ${shown}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
