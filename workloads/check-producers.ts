import type { WorkloadFile } from './file.ts';
import { configValue } from './kafka-config.ts';
import { keyBytesNeeded } from './load/keys.ts';
import { isSet, placeOf } from './object-schema.ts';
import { conflict } from './scalars.ts';
import { type Place, report } from './schema.ts';
import { acksOf, maxRecordBytes } from './settings.ts';
import type { ProducerSpec, TopicSpec, Workload } from './workload.ts';

/** The rules that Kafka's producer and broker hold a producer to, so that a run does not start only to be refused. */
export function checkProducer(
  read: WorkloadFile['producers'][number],
  producer: ProducerSpec,
  workload: Workload,
): void {
  checkRate(read, producer);
  checkKeys(read, producer);
  const client = placeOf(read, 'client')!;
  checkIdempotence(read, producer, client);
  checkTransaction(read, producer, workload);
  const topic = workload.topics.find(({ name }) => name === producer.topic);
  if (topic === undefined) return;
  checkInSync(producer, topic, workload, client);
  checkSize(read, producer, topic);
}

function checkRate(read: WorkloadFile['producers'][number], producer: ProducerSpec): void {
  const arrival = placeOf(read, 'arrival')!;
  const trace = producer.arrival.kind === 'trace';
  if (trace) {
    if (isSet(read, 'rate'))
      conflict(
        placeOf(read, 'rate')!,
        `${placeOf(read, 'rate')!.path}: the trace alone sets the times; leave rate out`,
      );
  } else if (!isSet(read, 'rate')) {
    report(
      arrival,
      'missing-key',
      `${placeOf(read)!.path}: "rate" is missing; expected a rate such as 20_000/s, max, or stages`,
    );
  } else if (producer.rate.kind === 'max' && producer.arrival.kind !== 'constant') {
    conflict(arrival, `${arrival.path}: rate max has no schedule that could be ${producer.arrival.kind}`);
  }
}

function checkKeys(read: WorkloadFile['producers'][number], { keys }: ProducerSpec): void {
  if (keys.kind === 'none') return;
  const needed = keyBytesNeeded(keys.cardinality);
  const place = placeOf(read, 'keys')!;
  if (keys.bytes < needed) {
    conflict(place, `${place.path}: ${keys.cardinality} keys need ${needed} bytes each; bytes is ${keys.bytes}`);
  }
}

function checkIdempotence(read: WorkloadFile['producers'][number], producer: ProducerSpec, place: Place): void {
  const { client, transaction } = producer;
  const asked = client['enable.idempotence'];
  const needs = transaction !== null ? 'transaction' : asked === 'true' ? 'enable.idempotence' : null;
  if (needs === null) {
    checkTimeouts(producer, place);
    return;
  }
  if (transaction !== null && asked === 'false') {
    conflict(placeOf(read, 'transaction')!, `${place.path}: transaction needs enable.idempotence, which is false`);
  }
  if (acksOf(client) !== -1) conflict(place, `${place.path}: ${needs} needs acks all, which is ${client.acks}`);
  if (Number(configValue('producer', client, 'max.in.flight.requests.per.connection')) > 5) {
    conflict(place, `${place.path}: ${needs} needs max.in.flight.requests.per.connection of at most 5`);
  }
  if (client.retries === '0') conflict(place, `${place.path}: ${needs} needs retries above 0`);
  checkTimeouts(producer, place);
}

function checkTransaction(
  read: WorkloadFile['producers'][number],
  { transaction, rate, count: instances, client }: ProducerSpec,
  { target }: Workload,
): void {
  const place = placeOf(read, 'transaction');
  if (transaction === null || place === null) return;
  if (target !== 'kafka') {
    conflict(
      place,
      `${place.path}: the brokers of target ${target} have no transaction coordinator yet; run the file against a Kafka cluster (--target kafka --bootstrap host:port), or take transaction out`,
    );
  }
  if (rate.kind !== 'fixed') return;
  const takesMs = (transaction.records / (rate.perSecond / instances)) * 1000;
  const timeoutMs = Number(configValue('producer', client, 'transaction.timeout.ms'));
  if (takesMs < timeoutMs) return;
  conflict(
    place,
    `${place.path}: at this rate an instance needs ${Math.round(takesMs)} ms for ${transaction.records} records; the coordinator aborts after transaction.timeout.ms (${timeoutMs})`,
  );
}

function checkTimeouts({ client }: ProducerSpec, place: Place): void {
  const delivery = client['delivery.timeout.ms'];
  const linger = Number(configValue('producer', client, 'linger.ms'));
  const request = Number(configValue('producer', client, 'request.timeout.ms'));
  if (delivery !== undefined && Number(delivery) < linger + request) {
    conflict(
      place,
      `${place.path}: delivery.timeout.ms ${delivery} is below linger.ms + request.timeout.ms (${linger + request})`,
    );
  }
}

function checkInSync(producer: ProducerSpec, topic: TopicSpec, workload: Workload, place: Place): void {
  if (acksOf(producer.client) !== -1 || topic.replicationFactor < 1) return;
  const needed = Number(
    topic.config['min.insync.replicas'] ?? configValue('broker', workload.cluster.config, 'min.insync.replicas'),
  );
  if (needed > topic.replicationFactor) {
    conflict(
      place,
      `${place.path}: acks=all can never succeed on ${topic.name}: min.insync.replicas is ${needed}, replicationFactor ${topic.replicationFactor}`,
    );
  }
}

/** Kafka's producer compares an upper bound of the uncompressed record with max.request.size. */
function checkSize(read: WorkloadFile['producers'][number], producer: ProducerSpec, topic: TopicSpec): void {
  const largest = maxRecordBytes(producer);
  const request = Number(configValue('producer', producer.client, 'max.request.size'));
  const place = placeOf(read, 'value')!;
  if (largest > request) {
    conflict(place, `${place.path}: records of up to ${largest} bytes exceed max.request.size (${request}) in client`);
    return;
  }
  const message = Number(configValue('topic', topic.config, 'max.message.bytes'));
  const plain = configValue('producer', producer.client, 'compression.type') === 'none';
  if (plain && largest > message) {
    conflict(
      place,
      `${place.path}: records of up to ${largest} bytes exceed max.message.bytes (${message}) of ${topic.name}`,
    );
  }
}
