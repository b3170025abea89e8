import { expect, test } from 'vitest';
import { change, messages, RIGHT } from './testing/right-file.ts';

test.each([
  [
    'an unknown key',
    change('replicationFactor', 'replicationfactor'),
    'orders.yaml:6:5 unknown key "replicationfactor" in topics[0]; did you mean "replicationFactor"?',
  ],
  [
    'an unknown key near none',
    change('seed: 7', 'colour: 7'),
    'orders.yaml:1:1 unknown key "colour"; expected seed, target, bootstrap, client, cluster, topics, producers, consumers, phases, faults, expect or matrix',
  ],
  ['a duplicate key', change('phases:', 'seed: 8\nphases:'), 'orders.yaml:14:1 duplicate key "seed" (first on line 1)'],
  [
    'a missing key',
    change('name: orders', 'count: 1'),
    'orders.yaml:4:5 topics[0]: "name" is missing; expected a topic name (letters, digits, ".", "_" and "-", at most 249)',
  ],
  [
    'a wrong type',
    change('partitions: 12', 'partitions: twelve'),
    'orders.yaml:5:17 topics[0].partitions: expected a whole number from 1 to 1000000, found "twelve"',
  ],
  [
    'a scalar for a map',
    change('client: { acks: all }', 'client: acks'),
    'orders.yaml:10:13 producers[0].client: expected a map of Kafka\'s producer configs, found "acks"',
  ],
  [
    'a wrong unit',
    change('warmup: 5s', 'warmup: 5sec'),
    'orders.yaml:14:19 phases.warmup: expected a duration such as 5s, 500ms or 1m30s, found "5sec"; did you mean "5s"?',
  ],
  [
    'a number without its unit',
    change('20_000/s', '20_000'),
    'orders.yaml:9:11 producers[0].rate: expected a rate such as 20_000/s, found "20_000"; did you mean "20_000/s"?',
  ],
  [
    'a value out of range',
    change('partitions: 12', 'partitions: 0'),
    'orders.yaml:5:17 topics[0].partitions: expected a whole number from 1 to 1000000, found "0"',
  ],
  [
    'a topic that is not there',
    change('- topic: orders\n    group', '- topic: order\n    group'),
    'orders.yaml:12:12 consumers[0].topic: there is no topic "order" in topics; did you mean "orders"?',
  ],
  [
    'more copies than brokers',
    change('replicationFactor: 3', 'replicationFactor: 4'),
    'orders.yaml:6:24 topics[0].replicationFactor: 4 copies need as many brokers; cluster.brokers is 3',
  ],
  [
    'an unknown Kafka config',
    change('acks: all', 'linger.msec: 5'),
    'orders.yaml:10:15 unknown producer config "linger.msec" in producers[0].client; did you mean "linger.ms"?',
  ],
  [
    'a Kafka config of elsewhere',
    change('acks: all', 'retention.ms: 1h'),
    'orders.yaml:10:15 unknown producer config "retention.ms" in producers[0].client (it is a topic config)',
  ],
  [
    'a Kafka config with a bad value',
    change('acks: all', 'acks: alll'),
    'orders.yaml:10:21 producers[0].client.acks: expected all, -1, 0 or 1, found "alll"; did you mean "all"?',
  ],
  [
    'a Kafka config below its least',
    change('acks: all', 'batch.size: -5'),
    'orders.yaml:10:27 producers[0].client.batch.size: expected a size such as 64KiB, or bytes from 0, found "-5"',
  ],
  [
    'a Kafka config that is ours',
    change('acks: all', 'transactional.id: x'),
    'orders.yaml:10:15 producers[0].client: transactional.id cannot be set here: use transaction in the same producer',
  ],
  [
    "a rule of Kafka's producer",
    change('acks: all', 'acks: 1, enable.idempotence: true'),
    'orders.yaml:10:13 producers[0].client: enable.idempotence needs acks all, which is 1',
  ],
  [
    'an unknown fault',
    change('kill: any', 'kil: any'),
    'orders.yaml:16:16 unknown key "kil" in faults[0]; did you mean "kill"?',
  ],
  [
    'two faults in one',
    change('kill: any', 'kill: any, pause: any'),
    'orders.yaml:16:27 faults[0]: both kill and pause; one fault an entry, or one-of',
  ],
  [
    'a parameter of another fault',
    change('kill: any', 'kill: any, for: 2s'),
    'orders.yaml:16:27 unknown key "for" in faults[0]; expected at, every, arrival, from, until, survivable, one-of or restart-after',
  ],
  [
    'no time',
    change('at: 10s, kill: any', 'kill: any'),
    'orders.yaml:16:5 faults[0]: "at" or "every" is missing; expected a fault such as { at: 10s, kill: any, restart-after: 5s }',
  ],
  [
    'a target that is none',
    change('kill: any', 'kill: leadr(orders/0)'),
    'orders.yaml:16:22 faults[0].kill: expected a target: any, all, controller, leader(topic/0), follower(topic/0), rack(a) or a broker id, found "leadr(orders/0)"; did you mean "leader(orders/0)"?',
  ],
  [
    'a target that matches no topic',
    change('kill: any', 'kill: leader(oders/0)'),
    'orders.yaml:16:22 faults[0].kill: there is no topic "oders" in topics; did you mean "leader(orders/0)"?',
  ],
  [
    'a target beyond the partitions',
    change('kill: any', 'kill: leader(orders/12)'),
    'orders.yaml:16:22 faults[0].kill: orders has 12 partitions, from 0',
  ],
  [
    'a target that matches no rack',
    change('kill: any', 'kill: rack(d)'),
    'orders.yaml:16:22 faults[0].kill: no broker stands in rack "d"; did you mean "rack(a)"?',
  ],
  [
    'a target that matches no broker',
    change('kill: any', 'kill: 4'),
    'orders.yaml:16:22 faults[0].kill: there is no broker 4; they are numbered 1 to 3',
  ],
  [
    'a fault after the end',
    change('at: 10s', 'at: 35s'),
    'orders.yaml:16:11 faults[0].at: never takes place: the load is over after 35s',
  ],
  [
    'a fault for another target',
    change('seed: 7', 'target: local').replace('kill: any', 'power-loss: any'),
    'orders.yaml:16:28 faults[0].power-loss: power-loss cannot be injected into a process; target local takes kill, clean-stop, restart, pause, partition, slow-link, connection-reset, refuse-connections, stall-then-reset',
  ],
  [
    'faults on a cluster of somebody else',
    change('seed: 7', 'target: kafka\nbootstrap: a:1'),
    'orders.yaml:17:22 faults[0].kill: a cluster that is not ours takes no faults; --set faults=[] leaves them out',
  ],
  [
    'an unknown threshold',
    change('publish.p99', 'publish.99'),
    'orders.yaml:19:3 unknown threshold "publish.99" in expect; did you mean "publish.p99"?',
  ],
  [
    'a threshold without comparison',
    change('< 20ms', '20ms'),
    'orders.yaml:19:16 expect.publish.p99: expected a comparison with its unit, such as "< 20ms", found "20ms"; did you mean "< 20ms"?',
  ],
  [
    'a threshold without unit',
    change('< 20ms', '< 20'),
    'orders.yaml:19:16 expect.publish.p99: expected a comparison with its unit, such as "< 20ms", found "< 20"; did you mean "< 20ms"?',
  ],
  [
    'a threshold on nothing',
    change('publish.p99: < 20ms', 'transaction.p99: < 20ms'),
    'orders.yaml:19:20 expect.transaction.p99: no producer has transaction',
  ],
  [
    'transactions where nobody coordinates them',
    change('rate: 20_000/s', 'rate: 20_000/s\n    transaction: { records: 10 }'),
    'orders.yaml:10:18 producers[0].transaction: the brokers of target sim have no transaction coordinator yet; run the file against a Kafka cluster (--target kafka --bootstrap host:port), or take transaction out',
  ],
  [
    'values above the limit',
    change('rate: 20_000/s', 'rate: 20_000/s\n    value: 2MiB'),
    'orders.yaml:10:12 producers[0].value: records of up to 2097234 bytes exceed max.request.size (1048576) in client',
  ],
  [
    'in-sync replicas out of reach',
    change('replicationFactor: 3', 'config: { min.insync.replicas: 4 }'),
    'orders.yaml:10:13 producers[0].client: acks=all can never succeed on orders: min.insync.replicas is 4, replicationFactor 3',
  ],
  [
    'idle members',
    change('group: billing', 'count: 13'),
    'orders.yaml:13:12 warning: consumers[0].count: 12 partitions, so 1 member will be idle',
  ],
  [
    'bad YAML',
    change('racks: [a, b, c] }', 'racks: [a, b, c }'),
    'orders.yaml:2:40 Flow sequence in block collection must be sufficiently indented and end with a ]',
  ],
  [
    'an unquoted threshold',
    change('publish.p99: < 20ms', 'publish.p99: > 20ms'),
    'orders.yaml:19:18 Not a YAML token: 20ms; put a value that starts with > or | in quotes',
  ],
  ['a second document', `${RIGHT}---\nseed: 1\n`, 'orders.yaml:20:1 a second document; a workload file holds one'],
  ['an empty file', '# nothing\n', 'orders.yaml:1:1 the file is empty'],
  [
    'a list for a file',
    '- a\n',
    'orders.yaml:1:1 expected a workload: a map with topics, producers, consumers, …, found a list',
  ],
  ['an anchor that is not there', change('group: billing', 'group: *billing'), /orders.yaml:13:12 .*billing/],
  [
    'kafka without bootstrap',
    change('seed: 7', 'target: kafka').replace(/faults:\n.*\n/, ''),
    'orders.yaml:1:1 "bootstrap" is missing; target kafka needs a list of host:port',
  ],
])('%s is named with its place', (_, text, message) => {
  const found = messages(text);
  if (typeof message === 'string') expect(found[0]).toBe(message);
  else expect(found[0]).toMatch(message);
});

test('all mistakes are reported at once, in the order of the file', () => {
  const text = change('replicationFactor', 'replicas')
    .replace('5s', '5')
    .replace('billing', '[1]')
    .replace('pass', 'passed');
  expect(messages(text).map((line) => line.split(' ', 1)[0])).toEqual([
    'orders.yaml:6:5',
    'orders.yaml:13:12',
    'orders.yaml:14:19',
    'orders.yaml:18:15',
  ]);
});

test('a topic that could not be read does not make its users wrong too', () => {
  expect(messages(change('name: orders', 'name: "o r d e r s"'))).toHaveLength(1);
});
