import { createRandom } from '../../core/random.ts';
import type { Timer } from '../../core/runtime.ts';
import { EVENT } from '../history.ts';
import { createSchedule, peakPerSecond, type Schedule } from '../load/arrivals.ts';
import { ENVELOPE_BYTES, fitsInValue, writeEnvelope } from '../load/envelope.ts';
import { createKeys, type Keys } from '../load/keys.ts';
import { parseTrace } from '../load/trace.ts';
import { createSizes, InstanceValues, Values } from '../load/values.ts';
import { FULL, type ProducerDriver, type ProducerOutcomes } from './driver.ts';
import type { Environment } from './environment.ts';
import { InFlight } from './in-flight.ts';
import type { ProducerSeat } from './roster.ts';
import { Transactions } from './transactions.ts';

/** Records sent in one go before other work of the thread gets its turn. */
const SENDS_PER_TURN = 512;
/**
 * What is due within this time after a send goes out together, as with the slack that Linux gives its timers: no process
 * is woken more often. Only where records are meant to be closer than that; their latency counts from the intended time.
 */
const TIMER_SLACK_NS = 50_000;

/**
 * One producer of the workload. Open loop: each record has an intended time from the schedule, is sent at that time or
 * as soon as the client takes it, and its latency counts from the intended time. With rate `max` there is no schedule
 * and the client's own back pressure sets the pace.
 */
export class ProducerActor implements ProducerOutcomes {
  readonly seat: ProducerSeat;
  readonly #environment: Environment;
  readonly #client: ProducerDriver;
  readonly #transactions: Transactions | null = null;
  readonly #schedule: Schedule | null;
  readonly #keys: Keys;
  readonly #values: InstanceValues;
  readonly #inFlight = new InFlight();
  readonly #partitionBase: readonly number[];
  readonly #envelope = new Uint8Array(ENVELOPE_BYTES);
  readonly #due = (): void => this.#send();
  #timer: Timer | null = null;
  #nextIntendedNs = Number.POSITIVE_INFINITY;
  #topic = 0;
  /** 'ending': a transaction has been asked to end. */
  #state: 'idle' | 'sending' | 'blocked' | 'ending' | 'stopped' = 'idle';
  /** The schedule ends here: records intended later are not sent. */
  readonly #endNs: number;
  /** Between two wakes. */
  readonly #leastWaitNs: number;

  constructor(environment: Environment, seat: ProducerSeat) {
    this.seat = seat;
    this.#environment = environment;
    const { workload, roster } = environment;
    const { spec } = seat;
    const random = createRandom(`${workload.seed} ${seat.name}`);
    const entryRandom = createRandom(`${workload.seed} ${seat.name.slice(0, seat.name.lastIndexOf('-'))}`);
    const trace = spec.arrival.kind === 'trace' ? this.#trace(spec.arrival.file) : null;
    const { rate, arrival, count: instances } = spec;
    this.#schedule = createSchedule({
      rate,
      arrival,
      phases: workload.phases,
      instance: seat.instance,
      instances,
      random: random.fork('arrivals'),
      ...(trace === null ? undefined : { timesNs: trace }),
    });
    this.#leastWaitNs = peakPerSecond({ rate, arrival, instances }) * TIMER_SLACK_NS > 1e9 ? TIMER_SLACK_NS : 0;
    this.#keys = createKeys(spec.keys, random.fork('keys'));
    const corpus = spec.value.corpus === null ? null : environment.file(spec.value.corpus);
    const values = new Values(spec.value, entryRandom.fork('payloads'), corpus);
    const sizes = createSizes(spec.value.size, random.fork('sizes'));
    this.#values = new InstanceValues(values, sizes, random.fork('values'));
    this.#partitionBase = seat.topics.map((topic) => roster.partitionIndex(topic, 0));
    this.#endNs = (workload.phases.warmupMs + workload.phases.measureMs) * 1e6;
    const { transaction } = spec;
    // Of this run alone: another one on the same cluster would fence it, and be fenced.
    const id = () => `${workload.name}-${environment.run.toString(36)}-${seat.name}`;
    const config = transaction === null ? spec.client : { ...spec.client, 'transactional.id': id() };
    this.#client = environment.driver.producer(seat.name, seat.topics, config, this);
    if (transaction === null) return;
    const driver = this.#client.transactions ?? null;
    if (driver === null) throw new Error(`${seat.name}: ${environment.driver.name} writes no transactions`);
    this.#transactions = new Transactions(environment, seat, transaction, driver, random.fork('transactions'), () => {
      if (this.#state !== 'ending') return;
      this.#state = 'sending';
      this.#send();
    });
  }

  /** Records sent that have no outcome yet. */
  get inFlight(): number {
    return this.#inFlight.count;
  }

  connect(): Promise<void> {
    return this.#client.start();
  }

  /** Begins at time zero; call before it. */
  run(): void {
    this.#state = 'sending';
    this.#nextIntendedNs = this.#schedule?.next() ?? 0;
    this.#arm();
  }

  /** Sends no more. What the schedule wanted by now and did not get sent counts as intended. */
  stop(): void {
    this.#state = 'stopped';
    const untilNs = Math.min(this.#endNs, this.#environment.now());
    while (this.#schedule !== null && this.#nextIntendedNs < untilNs) {
      this.#environment.measurement.intended(this.#nextIntendedNs);
      this.#nextIntendedNs = this.#schedule.next();
    }
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** Resolves when everything sent has its outcome, or after `timeoutMs`. */
  async flush(timeoutMs: number): Promise<void> {
    if (this.#transactions === null) return this.#client.flush(timeoutMs);
    // The last transaction ends with what it has.
    await Promise.race([this.#transactions.finish(), this.#environment.runtime.timers.sleep(timeoutMs)]);
  }

  close(timeoutMs: number): Promise<void> {
    return this.#client.close(timeoutMs);
  }

  now(): number {
    return this.#environment.now();
  }

  acked(token: number, topic: number, partition: number, offset: number, nowNs: number): void {
    const { measurement, history } = this.#environment;
    const intendedNs = this.#inFlight.intended(token);
    const sentNs = this.#inFlight.sent(token);
    const bytes = this.#inFlight.bytes(token);
    if (!this.#settle(token)) return;
    measurement.acked(intendedNs, sentNs, nowNs, bytes);
    const index = this.#partitionBase[topic]! + partition;
    history.write(EVENT.ack, nowNs, this.seat.actor, index, offset, token, intendedNs, -1);
  }

  failed(token: number, topic: number, partition: number, errorCode: number, definite: boolean, message: string): void {
    this.#transactions?.recordFailed();
    if (!this.#settle(token)) return;
    const { measurement, history } = this.#environment;
    measurement.failed();
    const index = partition < 0 ? -1 : this.#partitionBase[topic]! + partition;
    history.write(EVENT.fail, this.#environment.now(), this.seat.actor, index, -1, token, errorCode, definite ? 1 : 0);
    if (definite) this.#environment.problem(`${this.seat.name}: a record was refused: ${message}`);
  }

  writable(): void {
    if (this.#state !== 'blocked') return;
    this.#state = 'sending';
    this.#send();
  }

  #settle(token: number): boolean {
    if (this.#inFlight.settle(token)) return true;
    this.#environment.problem(`${this.seat.name}: the client told the outcome of record ${token} twice`);
    return false;
  }

  #arm(): void {
    const waitNs = (this.#schedule === null ? 0 : this.#nextIntendedNs) - this.#environment.now();
    if (this.#nextIntendedNs >= this.#endNs) {
      this.#state = 'stopped';
      return;
    }
    const delayNs = waitNs > 0 ? Math.max(this.#leastWaitNs, waitNs) : 0;
    this.#timer = this.#environment.runtime.timers.after(delayNs / 1e6, this.#due);
  }

  #send(): void {
    this.#timer = null;
    const { measurement, runtime } = this.#environment;
    const timestampMs = runtime.clock.wallMs();
    for (let sent = 0; sent < SENDS_PER_TURN; sent++) {
      const nowNs = this.#environment.now();
      const intendedNs = this.#schedule === null ? nowNs : this.#nextIntendedNs;
      if (intendedNs > nowNs) break;
      if (intendedNs >= this.#endNs) {
        this.#state = 'stopped';
        return;
      }
      if (this.#transactions !== null && !this.#transactions.admit()) {
        this.#state = 'ending';
        return;
      }
      if (!this.#sendOne(intendedNs, nowNs, timestampMs)) {
        this.#state = 'blocked';
        return;
      }
      measurement.intended(intendedNs);
      if (this.#schedule !== null) this.#nextIntendedNs = this.#schedule.next();
      if (this.#transactions?.added() === true) {
        this.#state = 'ending';
        return;
      }
    }
    this.#arm();
  }

  #sendOne(intendedNs: number, nowNs: number, timestampMs: number): boolean {
    const { measurement, history, run } = this.#environment;
    const { actor } = this.seat;
    const sequence = this.#inFlight.nextSequence;
    const value = this.#pending ?? this.#values.next(run, actor, sequence, intendedNs);
    const keyNumber = this.#pending === null ? this.#keys.next() : this.#pendingKey;
    const key = keyNumber < 0 ? null : this.#keys.bytes(keyNumber);
    let header: Uint8Array | null = null;
    if (!fitsInValue(value.length)) {
      header = this.#envelope.slice();
      writeEnvelope(header, 0, run, actor, sequence, intendedNs);
    }
    this.#inFlight.add(intendedNs, nowNs, value.length);
    const topic = this.#topic;
    const partition = this.#client.send(topic, key, value, header, timestampMs, sequence);
    if (partition === FULL) {
      // The schedule does not wait: the record keeps its intended time and is offered again.
      this.#inFlight.withdraw();
      this.#pending = this.#schedule === null ? null : value;
      this.#pendingKey = keyNumber;
      return false;
    }
    this.#pending = null;
    this.#topic = topic + 1 === this.seat.topics.length ? 0 : topic + 1;
    measurement.sent(intendedNs, nowNs, value.length);
    const index = partition < 0 ? -1 : this.#partitionBase[topic]! + partition;
    history.write(EVENT.send, nowNs, actor, index, -1, sequence, intendedNs, value.length);
    return true;
  }

  /** A record that the client did not take yet. */
  #pending: Uint8Array | null = null;
  #pendingKey = -1;

  #trace(file: string): Float64Array {
    const bytes = this.#environment.file(file);
    const parsed = bytes === null ? null : parseTrace(new TextDecoder().decode(bytes));
    if (parsed === null || 'problem' in parsed)
      throw new Error(`the trace ${file} cannot be read: validate the workload first`);
    return parsed.timesNs;
  }
}
