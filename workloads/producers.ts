import { kafkaConfig } from './kafka-config.ts';
import { inherit, object, optional, required } from './object-schema.ts';
import { DEFAULT_VALUE, keys, value } from './record-shape.ts';
import {
  filePath,
  isMapNode,
  isText,
  orNone,
  positiveDuration,
  rate,
  rateOrZero,
  share,
  topicName,
} from './scalars.ts';
import { boolean, either, integer, list, map, report, reportExpected, type Schema, textOf, word } from './schema.ts';
import type { Arrival, ProducerSpec, Rate, RateStage, TransactionSpec } from './workload.ts';

const stage = object('a stage { rate, for }', {
  rate: required(rateOrZero, 'Records a second over all instances of the entry.'),
  for: required(positiveDuration, 'How long.'),
  ramp: optional(boolean, false, 'true: linear from the rate of the stage before (0 at first) to this one.'),
});

const stages: Schema<Rate> = map(
  object('stages', { stages: required(list(stage, { min: 1 }), 'One after another; the last rate stays.') }),
  (read, place): Rate | undefined => {
    const resolved: RateStage[] = [];
    let before = 0;
    for (const { rate: perSecond, for: forMs, ramp } of read.stages) {
      resolved.push({ fromPerSecond: ramp ? before : perSecond, toPerSecond: perSecond, forMs });
      before = perSecond;
    }
    if (resolved.every(({ fromPerSecond, toPerSecond }) => fromPerSecond === 0 && toPerSecond === 0)) {
      return report(place, 'value', `${place.path}: no stage has a rate above 0`);
    }
    return { kind: 'stages', stages: resolved };
  },
);

const rateSpec: Schema<Rate> = either<Rate>(
  'a rate such as 20_000/s, max, or stages: [{ rate, for }]',
  { when: (node) => textOf(node) === 'max', schema: map(word('max'), (): Rate => ({ kind: 'max' })) },
  { when: isText, schema: map(rate, (perSecond): Rate => ({ kind: 'fixed', perSecond })) },
  { when: isMapNode, schema: stages },
);

const ARRIVALS = ['constant', 'poisson', 'burst'] as const;
const DEFAULT_BURST = 100;

const arrival: Schema<Arrival> = either<Arrival>(
  'constant, poisson, burst, { burst: records } or { trace: file }',
  {
    when: isText,
    schema: map(word(...ARRIVALS), (kind): Arrival => (kind === 'burst' ? { kind, records: DEFAULT_BURST } : { kind })),
  },
  {
    when: isMapNode,
    schema: map(
      object('{ burst: records } or { trace: file }', {
        burst: optional(integer(1, 1_000_000), null, 'Records that arrive at once.'),
        trace: optional(
          filePath,
          null,
          'A file with one intended time a line, such as 1.5ms; from the start of the load.',
        ),
      }),
      (read, place): Arrival | undefined => {
        if (read.burst !== null && read.trace === null) return { kind: 'burst', records: read.burst };
        if (read.trace !== null && read.burst === null) return { kind: 'trace', file: read.trace };
        return reportExpected(place, 'conflict', 'either burst or trace');
      },
    ),
  },
);

const transaction: Schema<TransactionSpec> = map(
  object('a map { records, abort }', {
    records: optional(integer(1, 1_000_000), 100, 'Records per transaction.'),
    abort: optional(share, 0, 'Share of transactions aborted on purpose.'),
  }),
  (read): TransactionSpec => ({ records: read.records, abortShare: read.abort }),
);

/** As read: `rate` may be missing, which is right beside a trace and nowhere else. */
export type ProducerRead = Omit<ProducerSpec, 'rate'> & { readonly rate: Rate | null };

export const producer: Schema<ProducerRead> = map(
  object('a producer { topic, rate, … }', {
    topic: required(topicName, 'Name of an entry of topics.'),
    count: optional(integer(0, 10_000_000), 1, 'Producer instances; the rate is split over them.'),
    rate: optional(
      rateSpec,
      null,
      'Records a second over the whole entry: `N/s`, `max`, or `{ stages: [{ rate, for, ramp }] }`.',
    ),
    arrival: optional(
      arrival,
      { kind: 'constant' },
      'Spacing of intended times: `constant`, `poisson`, `burst`, `{ burst: N }`, `{ trace: file }`.',
    ),
    keys: optional(
      keys,
      { kind: 'none' },
      'Key distribution: `none`, `uniform`, `zipf`, `sequential`, `hot`, or a map with `distribution`, `cardinality`, `bytes`, `exponent`, `hot-keys`, `hot-share`.',
    ),
    value: optional(
      value,
      DEFAULT_VALUE,
      'A size, or `{ size, compressible, pool, corpus }`; `size` may be `{ distribution: uniform | lognormal | choice, … }`.',
    ),
    client: optional(kafkaConfig('producer'), {}, "Kafka's producer configs, with units where the name has one."),
    transaction: optional(
      orNone(transaction),
      null,
      '`{ records, abort }`: records per transaction and share aborted on purpose.',
    ),
  }),
  (read): ProducerRead => inherit({ ...read }, read),
);
