import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalCluster } from '../../workloads/live/local-cluster.ts';
import { startKafka } from '../peers/apache-kafka.ts';
import type { Arm } from './statistics.ts';

/** Three brokers that are controllers too, each a process that can be ended, paused and started again alone; ids from 1. */
export interface BrokerTrio extends AsyncDisposable {
  readonly arm: Arm;
  readonly bootstrap: string;
  /** Of the slowest process, from its start until it answers. */
  readonly startMs: number;
  /** Of those that run. */
  readonly pids: readonly number[];
  kill(id: number): Promise<void>;
  restart(id: number): Promise<void>;
  pause(id: number): void;
  resume(id: number): void;
}

export const TRIO_IDS = [1, 2, 3] as const;

/** Default configs on both sides, data on the same disk. */
export function startTrio(arm: Arm): Promise<BrokerTrio> {
  return arm === 'ours' ? startOurTrio() : startTheirTrio();
}

async function startOurTrio(): Promise<BrokerTrio> {
  const directory = await mkdtemp(join(tmpdir(), 'faultline-bench-'));
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true });
  try {
    const startedAt = performance.now();
    const cluster = await LocalCluster.start({ brokers: 3, racks: [], directory, config: {} });
    const startMs = performance.now() - startedAt;
    const broker = (id: number) => cluster.brokers[id - 1]!;
    return {
      arm: 'ours',
      bootstrap: cluster.bootstrap.join(','),
      startMs,
      get pids() {
        return cluster.brokers.flatMap(({ pid, running }) => (pid === null || !running ? [] : [pid]));
      },
      kill: async (id) => {
        if (!(await broker(id).kill())) throw new Error(`broker ${id} was not there to be killed`);
      },
      restart: (id) => broker(id).start(),
      pause: (id) => void broker(id).pause(),
      resume: (id) => void broker(id).resume(),
      async [Symbol.asyncDispose]() {
        await cluster.close();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function startTheirTrio(): Promise<BrokerTrio> {
  const cluster = await startKafka({ brokers: 3 });
  return {
    arm: 'theirs',
    bootstrap: cluster.bootstrap,
    startMs: cluster.startMs,
    get pids() {
      return cluster.pids;
    },
    kill: (id) => Promise.resolve(cluster.signal(id - 1, 'SIGKILL')),
    restart: (id) => cluster.restart(id - 1),
    pause: (id) => cluster.signal(id - 1, 'SIGSTOP'),
    resume: (id) => cluster.signal(id - 1, 'SIGCONT'),
    [Symbol.asyncDispose]: () => cluster.stop(),
  };
}
