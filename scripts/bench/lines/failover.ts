import { Admin, Producer } from '../../../core/client/index.ts';
import { createNodeRuntime } from '../../../core/node/index.ts';
import { armsFigure, KAFKA, type Sample, type Samples } from '../arms.ts';
import { type BrokerTrio, startTrio, TRIO_IDS } from '../broker-trio.ts';
import { type Context, type Figure, type Line, plainFigure, type Target } from '../figure.ts';
import { type Arm, abba } from '../statistics.ts';

/**
 * A broker's end as a producer sees it: 1,000 records a second with acks=all and default configs on both sides, each
 * record's latency counted from when it was due. The same client and the same clock for both clusters.
 */

const PER_SECOND = 1000;
const PARTITIONS = 6;
const BEFORE_MS = 2000;
/** The load goes on until all that was due this long after the fault is acknowledged. */
const AFTER_MS = 3000;
const RECOVERY_MS_MAX = 60_000;
const PAUSE_MS = 500;
const VALUE = new Uint8Array(200);

/** Who ends: a broker that leads partitions, the active controller, or one that is both. */
const VICTIMS = ['leader', 'controller', 'both'] as const;
type Victim = (typeof VICTIMS)[number];
const WHO: Readonly<Record<Victim, string>> = {
  leader: 'the leader of all partitions',
  controller: 'the active controller',
  both: 'the controller that leads all',
};

interface Outcome {
  readonly publishMsMax: number;
  /** Leaders of partitions and of the metadata quorum that were elected meanwhile. */
  readonly elections: number;
}

class FailoverRun implements AsyncDisposable {
  readonly #trio: BrokerTrio;
  readonly #runtime = createNodeRuntime({ logLevel: 'silent' });
  readonly #admin: Admin;
  #topics = 0;

  constructor(trio: BrokerTrio) {
    this.#trio = trio;
    this.#admin = new Admin({ runtime: this.#runtime, config: { 'bootstrap.servers': trio.bootstrap } });
  }

  /** One SIGKILL. Afterwards the broker is started again and in sync. */
  async kill(victim: Victim): Promise<Outcome> {
    const { topic, target } = await this.#topicFor(victim);
    const outcome = await this.#underLoad(topic, () => this.#trio.kill(target));
    await this.#trio.restart(target);
    await this.#untilInSync(topic);
    await this.#admin.deleteTopics([topic]);
    return outcome;
  }

  /** The broker that leads everything and is the active controller stands still for half a second. */
  async pause(): Promise<Outcome> {
    const { topic, target } = await this.#topicFor('both');
    const outcome = await this.#underLoad(topic, async () => {
      this.#trio.pause(target);
      await this.#runtime.timers.sleep(PAUSE_MS);
      this.#trio.resume(target);
    });
    await this.#admin.deleteTopics([topic]);
    return outcome;
  }

  async #topicFor(victim: Victim): Promise<{ topic: string; target: number }> {
    const { leaderId: controller } = await this.#admin.describeQuorum();
    const other = TRIO_IDS.find((id) => id !== controller)!;
    const leader = victim === 'both' ? controller : other;
    const assignment = [leader, ...TRIO_IDS.filter((id) => id !== leader)];
    const topic = `failover-${++this.#topics}`;
    const config = { 'min.insync.replicas': '2' };
    const assignments = Array.from({ length: PARTITIONS }, () => assignment);
    const [made] = await this.#admin.createTopics([{ name: topic, assignments, config }]);
    if (made?.errorCode !== 0) throw new Error(`topic ${topic} was not created: error ${made?.errorCode}`);
    await this.#untilInSync(topic);
    return { topic, target: victim === 'leader' ? leader : controller };
  }

  async #untilInSync(topic: string): Promise<void> {
    for (const endsAt = performance.now() + RECOVERY_MS_MAX; performance.now() < endsAt; ) {
      const [found] = await this.#admin.describeTopics([topic]).catch(() => []);
      const partitions = found?.partitions ?? [];
      if (
        partitions.length === PARTITIONS &&
        partitions.every((one) => one.leaderId > 0 && one.inSyncReplicas.length === 3)
      ) {
        return;
      }
      await this.#runtime.timers.sleep(50);
    }
    throw new Error(`${topic} was not in sync within ${RECOVERY_MS_MAX} ms`);
  }

  async #epochs(topic: string): Promise<number> {
    const [quorum, [found]] = await Promise.all([this.#admin.describeQuorum(), this.#admin.describeTopics([topic])]);
    return (found?.partitions ?? []).reduce((sum, { leaderEpoch }) => sum + leaderEpoch, quorum.leaderEpoch);
  }

  async #underLoad(topic: string, strike: () => Promise<void>): Promise<Outcome> {
    const { timers } = this.#runtime;
    const config = { 'bootstrap.servers': this.#trio.bootstrap, acks: 'all' };
    const producer = new Producer({ runtime: this.#runtime, config });
    try {
      await producer.sendRecord({ topic, value: VALUE });
      const epochsBefore = await this.#epochs(topic);
      let publishMsMax = 0;
      let due = 0;
      let ended = 0;
      let failure: string | null = null;
      let goesOn = true;
      const startedAt = performance.now();
      const load = (async () => {
        while (goesOn) {
          for (const now = performance.now(); startedAt + (due * 1000) / PER_SECOND <= now; due++) {
            const dueAt = startedAt + (due * 1000) / PER_SECOND;
            void producer.sendRecord({ topic, value: VALUE, partition: due % PARTITIONS }).then((result) => {
              ended++;
              publishMsMax = Math.max(publishMsMax, performance.now() - dueAt);
              if (result.kind === 'failed') failure ??= result.message;
            });
          }
          await timers.sleep(1);
        }
      })();
      await timers.sleep(BEFORE_MS);
      await strike();
      await timers.sleep(AFTER_MS);
      const last = due;
      for (const endsAt = performance.now() + RECOVERY_MS_MAX; ended < last && performance.now() < endsAt; ) {
        await timers.sleep(50);
      }
      goesOn = false;
      await load;
      if (ended < last) throw new Error(`${last - ended} records were not acknowledged within ${RECOVERY_MS_MAX} ms`);
      await producer.flush();
      if (failure !== null) throw new Error(`a record was lost: ${failure}`);
      return { publishMsMax, elections: (await this.#epochs(topic)) - epochsBefore };
    } finally {
      await producer.close(1000);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#admin.close();
    this.#runtime.close();
  }
}

const NOTE = 'publish latency from when a record was due; default configs';

/** Both clusters started once, by turns under load; whichever has none is idle. */
async function rounds(context: Context, name: string, act: (run: FailoverRun) => Promise<Sample>): Promise<Samples> {
  const samples: Record<Arm, Sample[]> = { ours: [], theirs: [] };
  await using stack = new AsyncDisposableStack();
  const runs = new Map<Arm, FailoverRun>();
  for (const arm of context.peers ? (['ours', 'theirs'] as const) : (['ours'] as const)) {
    context.progress(`${name}: starting three brokers, ${arm === 'ours' ? 'ours' : KAFKA}`);
    runs.set(arm, stack.use(new FailoverRun(stack.use(await startTrio(arm)))));
  }
  for (const [index, arm] of abba(context.pairs).entries()) {
    const run = runs.get(arm);
    if (run === undefined) continue;
    context.signal.throwIfAborted();
    const sample = await act(run);
    samples[arm].push(sample);
    const shown = Object.entries(sample).map(([key, value]) => `${key} ${value.toFixed(0)}`);
    const whose = arm === 'ours' ? 'ours' : 'Kafka';
    context.progress(`${name}, pair ${(index >> 1) + 1} of ${context.pairs}, ${whose}: ${shown.join('  ')}`);
  }
  return samples;
}

const WITHIN: Target = { of: 'value', relation: '≤', limit: 1000 };

async function failover(context: Context): Promise<Figure[]> {
  const samples = await rounds(context, 'failover', async (run) => {
    const sample: Record<string, number> = {};
    for (const victim of VICTIMS) sample[victim] = (await run.kill(victim)).publishMsMax;
    return sample;
  });
  return VICTIMS.map((victim) => {
    const longest = Math.max(...samples.ours.map((sample) => sample[victim]!));
    return armsFigure(samples, (sample) => sample[victim]!, {
      name: `failover.${victim}`,
      title: `longest publish, SIGKILL of ${WHO[victim]}`,
      unit: 'ms',
      target: WITHIN,
      note: `${NOTE}; the worst of ours ${longest.toFixed(0)} ms`,
    });
  });
}

async function failoverPause(context: Context): Promise<Figure[]> {
  const samples = await rounds(context, 'failover-pause', async (run) => {
    const { publishMsMax, elections } = await run.pause();
    return { publishMsMax, elections };
  });
  const target: Target = { of: 'value', relation: '≤', limit: 0 };
  const title = `elections in a ${PAUSE_MS} ms SIGSTOP of the controller that leads all`;
  return [
    // Zero is what both should show, and zeros have no ratio: the other arm's stand in the samples.
    { ...plainFigure('failover-pause.elections', title, '', [], 0, { target }), ...countsOf(samples) },
    armsFigure(samples, (sample) => sample.publishMsMax!, {
      name: 'failover-pause.publish',
      title: `longest publish, ${PAUSE_MS} ms SIGSTOP`,
      unit: 'ms',
      target: null,
      note: NOTE,
    }),
  ];
}

/** The most elections of any run: one is one too many. */
function countsOf(samples: Samples): Pick<Figure, 'ours' | 'samples' | 'note'> {
  const [ours, theirs] = [samples.ours, samples.theirs].map((arm) => arm.map((sample) => sample.elections!));
  const kafka = theirs!.length === 0 ? '' : `; ${KAFKA}: ${Math.max(...theirs!)}`;
  return { ours: Math.max(...ours!), samples: { ours: ours!, theirs: theirs! }, note: `the most of any run${kafka}` };
}

export const failoverLines: readonly Line[] = [
  { name: 'failover', title: 'longest publish latency when a broker of three is killed', run: failover },
  { name: 'failover-pause', title: 'a broker of three stands still for half a second', run: failoverPause },
];
