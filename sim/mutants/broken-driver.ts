import type {
  ConsumerDriver,
  ConsumerEvents,
  Driver,
  PolledBatch,
  ProducerDriver,
  ProducerOutcomes,
} from '../../workloads/actors/driver.ts';

/** Deliberately broken clients, at the border to whoever uses them. All default to false. */
export interface ClientFaults {
  /** A batch that failed is reported as written. */
  readonly ackFailures?: boolean;
  /** A record is sent twice, as a new one each time: what a retry under a new sequence does (redpanda #3039). */
  readonly sendAgain?: boolean;
  /** The acknowledgement names the offset after the right one. */
  readonly offsetOffByOne?: boolean;
  /** A record goes to another partition than the one that was told (KAFKA-19012). */
  readonly wrongPartition?: boolean;
  /** What a poll returns is now and then thrown away. */
  readonly losePolls?: boolean;
  /** What a poll returned is now and then returned again. */
  readonly repeatPolls?: boolean;
  /** Commits are one record too far (franz-go #64, the other way round). */
  readonly commitOffByOne?: boolean;
  /** A commit that was refused is reported as taken. */
  readonly commitAlwaysSucceeds?: boolean;
}

/** Every so many; coprime to what batches usually hold. */
const NOW_AND_THEN = 17;

export function brokenDriver(driver: Driver, faults: ClientFaults): Driver {
  return {
    name: driver.name,
    producer: (clientId, topics, config, outcomes) =>
      brokenProducer((heard) => driver.producer(clientId, topics, config, heard), outcomes, faults),
    consumer(clientId, subscription, config, events) {
      // Auditors stay what they are: it is they who see.
      if (clientId === 'auditor') return driver.consumer(clientId, subscription, config, events);
      return brokenConsumer((heard) => driver.consumer(clientId, subscription, config, heard), events, faults);
    },
    admin: (clientId) => driver.admin(clientId),
  };
}

/** Of records that nobody sent knowingly. */
const UNKNOWN_TOKEN = -1;

function brokenProducer(
  make: (outcomes: ProducerOutcomes) => ProducerDriver,
  outcomes: ProducerOutcomes,
  faults: ClientFaults,
): ProducerDriver {
  const told = (partition: number): number =>
    faults.wrongPartition === true && partition > 0 ? partition - 1 : partition;
  const inner = make({
    now: () => outcomes.now(),
    acked(token, topic, partition, offset, atNs) {
      if (token === UNKNOWN_TOKEN) return;
      outcomes.acked(token, topic, told(partition), faults.offsetOffByOne === true ? offset + 1 : offset, atNs);
    },
    failed(token, topic, partition, errorCode, definite, message) {
      if (token === UNKNOWN_TOKEN) return;
      if (faults.ackFailures === true) outcomes.acked(token, topic, told(partition), -1, outcomes.now());
      else outcomes.failed(token, topic, told(partition), errorCode, definite, message);
    },
    writable: () => outcomes.writable(),
  });
  let sent = 0;
  return {
    start: () => inner.start(),
    send(topic, key, value, header, timestampMs, token) {
      const partition = inner.send(topic, key, value, header, timestampMs, token);
      if (partition < 0) return partition;
      if (faults.sendAgain === true && ++sent % NOW_AND_THEN === 0) {
        inner.send(topic, key, value, header, timestampMs, UNKNOWN_TOKEN);
      }
      return told(partition);
    },
    flush: (timeoutMs) => inner.flush(timeoutMs),
    close: (timeoutMs) => inner.close(timeoutMs),
  };
}

function brokenConsumer(
  make: (events: ConsumerEvents) => ConsumerDriver,
  events: ConsumerEvents,
  faults: ClientFaults,
): ConsumerDriver {
  const inner = make(events);
  let polls = 0;
  return {
    start: () => inner.start(),
    async poll(maxWaitMs) {
      const batches = await inner.poll(maxWaitMs);
      if (batches.length === 0 || ++polls % NOW_AND_THEN !== 0) return batches;
      if (faults.losePolls === true) return [];
      return faults.repeatPolls === true ? batches.flatMap((batch) => twice(batch)) : batches;
    },
    async commit(offsets) {
      const wanted =
        faults.commitOffByOne === true ? offsets.map((each) => ({ ...each, offset: each.offset + 1 })) : offsets;
      const answers = await inner.commit(wanted);
      return faults.commitAlwaysSucceeds === true ? answers.map(() => ({ errorCode: 0, definite: true })) : answers;
    },
    committed: (partitions) => inner.committed(partitions),
    pause: () => inner.pause(),
    resume: () => inner.resume(),
    close: (timeoutMs) => inner.close(timeoutMs),
  };
}

const NO_VALUE = new Uint8Array(0);

/** The batch, and a copy of it to be walked after it. */
function twice(batch: PolledBatch): PolledBatch[] {
  const rows: { offset: number; value: Uint8Array | null; batch: PolledBatch }[] = [];
  while (batch.next()) {
    const { offset, bytes, valueAt, valueLength } = batch;
    rows.push({ offset, value: valueLength < 0 ? null : bytes.slice(valueAt, valueAt + valueLength), batch });
  }
  return [replay(batch, rows), replay(batch, rows)];
}

function replay(batch: PolledBatch, rows: readonly { offset: number; value: Uint8Array | null }[]): PolledBatch {
  let at = -1;
  return {
    topic: batch.topic,
    partition: batch.partition,
    fromOffset: batch.fromOffset,
    toOffset: batch.toOffset,
    leaderEpoch: batch.leaderEpoch,
    gaps: batch.gaps,
    next: () => ++at < rows.length,
    get offset() {
      return rows[at]!.offset;
    },
    get bytes() {
      return rows[at]!.value ?? NO_VALUE;
    },
    valueAt: 0,
    get valueLength() {
      return rows[at]!.value?.length ?? -1;
    },
    header: () => null,
  };
}
