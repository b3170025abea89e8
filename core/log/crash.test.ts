import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nodeCodecs } from '../node/codecs.ts';
import { createRandom } from '../random.ts';
import { batchLeaderEpoch, batchSize } from '../records/index.ts';
import { LogDirectory } from './directory.ts';
import type { Log } from './log.ts';
import type { LogFaults } from './outcomes.ts';
import { CrashDisk } from './testing/crash-disk.ts';
import { batchOf, directoryOptions, readAll, StillTime, settle } from './testing/world.ts';

/** One step of a run; producers 0 and 1 are idempotent, 2 is not. */
type Step =
  | { readonly kind: 'append'; readonly producer: number; readonly count: number; readonly padding: number }
  | { readonly kind: 'flush' | 'roll' | 'checkpoint' | 'newEpoch' | 'reopen' | 'failedFlush' }
  | { readonly kind: 'truncate'; readonly back: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      producer: fc.nat(2),
      count: fc.integer({ min: 1, max: 4 }),
      padding: fc.nat(60),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('flush' as const, 'checkpoint' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('roll' as const, 'newEpoch' as const, 'reopen' as const, 'failedFlush' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('truncate' as const), back: fc.nat(6) }) },
);

interface Batch {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly values: readonly string[];
  readonly epoch: number;
  readonly producer: number;
  readonly sequence: number;
  readonly bytes: Uint8Array;
}

const id = new Uint8Array(16).fill(1);

/** Drives a log on a disk that may die at any moment, keeping count of what was appended and what was promised. */
class Run {
  readonly disk: CrashDisk;
  readonly time = new StillTime();
  readonly faults: LogFaults;
  batches: Batch[] = [];
  promised = 0;
  epoch = 0;
  directory: LogDirectory | null = null;
  #made = 0;

  constructor(disk: CrashDisk, faults: LogFaults) {
    this.disk = disk;
    this.faults = faults;
  }

  open(disk: CrashDisk): Promise<LogDirectory> {
    const options = directoryOptions(nodeCodecs, disk, this.time, { segmentBytes: 900, indexIntervalBytes: 200 });
    return LogDirectory.open({ ...options, faults: this.faults });
  }

  /** Whether the disk lived through it. */
  async steps(steps: readonly Step[]): Promise<void> {
    try {
      this.directory = await this.open(this.disk);
      const log = await this.directory.create('t', 0, id);
      await this.#forgetLost(log);
      for (const next of steps) await this.#step(next);
    } catch (error) {
      if (!this.disk.crashed) throw error;
    }
    await settle();
  }

  continueFrom(earlier: Run): void {
    this.batches = [...earlier.batches];
    this.promised = earlier.promised;
    this.epoch = earlier.epoch + 1;
    this.#made = earlier.#made;
  }

  /** What the crash took is forgotten here too, and an append that it left unanswered is cut off. */
  async #forgetLost(log: Log): Promise<void> {
    const end = log.logEndOffset;
    this.batches = this.batches.filter((batch) => batch.lastOffset < end);
    await log.truncateTo((this.batches.at(-1)?.lastOffset ?? -1) + 1);
  }

  async #step(next: Step): Promise<void> {
    const log = this.directory!.get('t', 0)!;
    switch (next.kind) {
      case 'append':
        return this.#append(log, next);
      case 'flush':
        await log.flush();
        this.promised = log.durableOffset;
        return;
      case 'roll':
        return log.roll();
      case 'checkpoint':
        return this.directory!.writeCheckpoints();
      case 'newEpoch':
        this.epoch++;
        return;
      case 'reopen': {
        await this.directory!.close(1);
        this.directory = await this.open(this.disk);
        this.promised = this.directory.get('t', 0)!.logEndOffset;
        return;
      }
      case 'failedFlush':
        return this.#failedFlush(log);
      case 'truncate': {
        const to = this.batches.at(-next.back)?.firstOffset ?? log.logEndOffset;
        this.promised = Math.min(this.promised, to);
        await log.truncateTo(to);
        this.batches = this.batches.filter((batch) => batch.lastOffset < to);
        this.epoch++;
      }
    }
  }

  /** A sync fails, the directory goes offline, and the process starts again on the same pages. */
  async #failedFlush(log: Log): Promise<void> {
    this.disk.failNextSync = true;
    await log.flush().then(
      () => {
        this.promised = log.durableOffset;
      },
      (error: unknown) => {
        if (this.disk.crashed || this.disk.failNextSync) throw error;
      },
    );
    // Nothing was to be written: then nothing failed.
    this.disk.failNextSync = false;
    await settle();
    if (this.directory!.state.kind === 'online') return;
    this.directory = await this.open(this.disk);
    this.epoch++;
    await this.#forgetLost(this.directory.get('t', 0)!);
  }

  #append(log: Log, { producer, count, padding }: Extract<Step, { kind: 'append' }>): void {
    const last = this.batches.findLast((batch) => batch.producer === producer);
    const sequence = last === undefined ? 0 : last.sequence + last.values.length;
    const name = `n${this.#made++}`;
    const idempotent = producer < 2 ? { producerId: 100 + producer, producerEpoch: 0, baseSequence: sequence } : {};
    const bytes = batchOf(nodeCodecs, name, count, { ...idempotent, padding });
    const result = log.append(bytes, { origin: 'client', leaderEpoch: this.epoch });
    if (result.kind !== 'appended') {
      if (this.disk.crashed) return;
      throw new Error(`not appended: ${JSON.stringify(result)}`);
    }
    const values = Array.from({ length: count }, (_, index) => `${name}.${index}${'-'.repeat(padding)}`);
    const { baseOffset, lastOffset } = result;
    this.batches.push({ firstOffset: baseOffset, lastOffset, values, epoch: this.epoch, producer, sequence, bytes });
  }

  /** What stands after the crash is a prefix of what was appended, with all that was promised. */
  async check(survived: CrashDisk): Promise<void> {
    const directory = await this.open(survived);
    const log = directory.get('t', 0);
    if (log === undefined) {
      expect(this.promised).toBe(0);
      return;
    }
    expect(log.health).toEqual({ kind: 'healthy' });
    const records = readAll(log, nodeCodecs, 0, 300);
    const appended = this.batches.flatMap((batch) => batch.values);
    // The append that the crash cut short may stand too: it was never answered.
    const known = records.slice(0, appended.length).map((record) => record.value);
    expect(known).toEqual(appended.slice(0, known.length));
    expect(records.map((record) => record.offset)).toEqual(records.map((_, index) => index));
    expect(log.logEndOffset).toBe(records.length);
    expect(log.logEndOffset).toBeGreaterThanOrEqual(this.promised);
    this.#checkEpochs(log);
    await this.#checkProducers(log);
    const end = log.logEndOffset;
    log.append(batchOf(nodeCodecs, 'after'), { origin: 'client', leaderEpoch: this.epoch + 1 });
    expect(readAll(log, nodeCodecs, end).map((record) => record.value)).toEqual(['after.0']);
    await directory.close(2);
    const again = await this.open(survived);
    expect(again.previousShutdown.clean).toBe(true);
    expect(readAll(again.get('t', 0)!, nodeCodecs, 0)).toHaveLength(again.get('t', 0)!.logEndOffset);
  }

  #checkEpochs(log: Log): void {
    const starts = new Map<number, number>();
    for (let offset = 0; offset < log.logEndOffset; ) {
      const read = log.read({ offset, maxBytes: 1, minOneMessage: true, upTo: Number.MAX_SAFE_INTEGER });
      if (read.kind === 'refused') throw new Error(read.message);
      expect(batchSize(read.bytes, 0)).toBe(read.bytes.length);
      const epoch = batchLeaderEpoch(read.bytes, 0);
      if (!starts.has(epoch)) starts.set(epoch, read.firstOffset);
      offset = read.nextOffset;
    }
    const list = [...starts];
    for (const [index, [epoch]] of list.entries()) {
      const end = list[index + 1]?.[1] ?? log.logEndOffset;
      expect(log.endOffsetForEpoch(epoch)).toEqual({ leaderEpoch: epoch, endOffset: end });
    }
  }

  /** The last batch of each producer that survived is known when it comes again. */
  async #checkProducers(log: Log): Promise<void> {
    for (const producer of [0, 1]) {
      const last = this.batches.findLast((batch) => batch.producer === producer && batch.lastOffset < log.logEndOffset);
      const unanswered = log.logEndOffset > (this.batches.at(-1)?.lastOffset ?? -1) + 1;
      if (last === undefined || unanswered) continue;
      const again = log.append(last.bytes, { origin: 'client', leaderEpoch: this.epoch });
      expect(again).toMatchObject({ kind: 'duplicate', baseOffset: last.firstOffset, lastOffset: last.lastOffset });
    }
  }
}

/** Goes on from what an earlier crash left, on a disk that dies again: perhaps amid the recovery. */
async function goOn(earlier: Run, survived: CrashDisk, steps: readonly Step[]): Promise<Run> {
  const run = new Run(survived, earlier.faults);
  run.continueFrom(earlier);
  await run.steps(steps);
  return run;
}

async function crashRun(steps: readonly Step[], budget: number, seed: number, faults: LogFaults = {}): Promise<void> {
  const run = new Run(new CrashDisk(budget), faults);
  await run.steps(steps);
  await run.check(run.disk.afterProcessCrash());
  const random = createRandom(`power loss ${seed}`);
  for (let i = 0; i < 3; i++) await run.check(run.disk.afterPowerLoss(random));
  const survived = run.disk.afterPowerLoss(random);
  survived.budget = random.below(3000);
  const second = await goOn(run, survived, steps);
  await second.check(second.disk.afterProcessCrash());
  for (let i = 0; i < 2; i++) await second.check(second.disk.afterPowerLoss(random));
}

const runs = { numRuns: 150 };
const scenario: [fc.Arbitrary<Step[]>, fc.Arbitrary<number>, fc.Arbitrary<number>] = [
  fc.array(step, { minLength: 5, maxLength: 40 }),
  fc.integer({ min: 0, max: 9000 }),
  fc.nat(1000),
];

describe('after a crash', () => {
  test('the log is a prefix of what was appended and holds what was flushed', async () => {
    await fc.assert(
      fc.asyncProperty(...scenario, (steps, budget, seed) => crashRun(steps, budget, seed)),
      runs,
    );
  });

  test('at every single byte of a write, nothing of the torn batch is served', async () => {
    const steps: Step[] = [
      { kind: 'append', producer: 0, count: 2, padding: 5 },
      { kind: 'flush' },
      { kind: 'append', producer: 1, count: 1, padding: 5 },
      { kind: 'append', producer: 0, count: 3, padding: 5 },
    ];
    const whole = new Run(new CrashDisk(1e6), {});
    await whole.steps(steps);
    const spent = 1e6 - whole.disk.budget;
    for (let budget = 1; budget < spent; budget += 1) {
      const run = new Run(new CrashDisk(budget), {});
      await run.steps(steps);
      await run.check(run.disk.afterProcessCrash());
    }
  });

  test.each<[string, LogFaults]>([
    ['skipRecoveryCrc', { skipRecoveryCrc: true }],
    ['trustPagesAtStart', { trustPagesAtStart: true }],
    ['recoveryPointWithoutSync', { recoveryPointWithoutSync: true }],
    ['forgetEpochs', { forgetEpochs: true }],
    ['lateMarkerDeletion', { lateMarkerDeletion: true }],
  ])('the broken variant %s is caught', async (_, faults) => {
    const found = await fc.check(
      fc.asyncProperty(...scenario, (steps, budget, seed) => crashRun(steps, budget, seed, faults)),
      { numRuns: 400, endOnFailure: true, seed: 1 },
    );
    expect(found.failed).toBe(true);
  });
});
