import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { formatDiagnostic } from './diagnostics.ts';
import { describeFaultKinds } from './fault-kinds.ts';
import { jsonSchema } from './file.ts';
import { toJson, workloadHash } from './hash.ts';
import { type ParseOptions, parseWorkload } from './parse.ts';
import { toYaml } from './to-yaml.ts';
import type { Workload } from './workload.ts';

/** A small right file; cases replace parts of it, so that line and column of a mistake are plain to see. */
const RIGHT = `seed: 7
cluster: { brokers: 3, racks: [a, b, c] }
topics:
  - name: orders
    partitions: 12
    replicationFactor: 3
producers:
  - topic: orders
    rate: 20_000/s
    client: { acks: all }
consumers:
  - topic: orders
    group: billing
phases: { warmup: 5s, measure: 30s }
faults:
  - { at: 10s, kill: any }
expect:
  durability: pass
  publish.p99: < 20ms
`;

function messages(text: string, options: Partial<ParseOptions> = {}): string[] {
  const result = parseWorkload(text, { file: 'orders.yaml', ...options });
  return (result.ok ? result.warnings : result.diagnostics).map(formatDiagnostic);
}

function workload(text: string, options: Partial<ParseOptions> = {}): Workload {
  const result = parseWorkload(text, { file: 'workloads/orders.yaml', ...options });
  if (!result.ok) throw new Error(result.diagnostics.map(formatDiagnostic).join('\n'));
  return result.workload;
}

const change = (from: string, to: string): string => {
  expect(RIGHT).toContain(from);
  return RIGHT.replace(from, to);
};

test('defaults are filled in and units resolved', () => {
  expect(workload(RIGHT)).toEqual({
    name: 'orders',
    seed: 7,
    target: 'sim',
    bootstrap: [],
    cluster: { brokers: 3, racks: ['a', 'b', 'c'], profile: 'laptop', config: {} },
    topics: [{ name: 'orders', count: 1, partitions: 12, replicationFactor: 3, config: {} }],
    producers: [
      {
        topic: 'orders',
        count: 1,
        rate: { kind: 'fixed', perSecond: 20_000 },
        arrival: { kind: 'constant' },
        keys: { kind: 'none' },
        value: { size: { kind: 'fixed', bytes: 1024 }, compressible: 0, poolSize: 1000, corpus: null },
        client: { acks: 'all' },
        transaction: null,
      },
    ],
    consumers: [
      {
        topic: 'orders',
        group: 'billing',
        groups: 1,
        groupPerTopic: false,
        count: 1,
        processingNs: 0,
        startMs: 0,
        client: { 'auto.offset.reset': 'earliest' },
      },
    ],
    phases: { warmupMs: 5_000, measureMs: 30_000, drainMs: 30_000, backlog: null },
    faults: {
      kind: 'list',
      faults: [
        {
          id: 'f1',
          when: { kind: 'at', atMs: 10_000 },
          oneOf: [{ kind: 'kill', target: { kind: 'any' }, restartAfterMs: null }],
        },
      ],
    },
    expect: [
      { kind: 'durability', name: 'durability', worst: 'pass' },
      {
        kind: 'metric',
        name: 'publish.p99',
        metric: 'publish',
        statistic: 'p99',
        comparison: '<',
        limit: 20,
        unit: 'ms',
        text: '< 20ms',
      },
    ],
  });
});

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

test('--set overrides, adds and completes; its mistakes carry the argument as their place', () => {
  const changed = workload(RIGHT, {
    set: [
      'phases.measure=5s',
      'producers[0].client.linger.ms=20ms',
      'producers[0].keys={distribution: zipf, exponent: 1.2}',
      'expect.endToEnd.p99=< 1s',
      'faults=[]',
      'topics[1].name=other',
    ].slice(0, 5),
  });
  expect(changed.phases.measureMs).toBe(5000);
  expect(changed.producers[0]!.client).toEqual({ acks: 'all', 'linger.ms': '20' });
  expect(changed.producers[0]!.keys).toMatchObject({ kind: 'zipf', exponent: 1.2 });
  expect(changed.expect.map(({ name }) => name)).toEqual(['durability', 'publish.p99', 'endToEnd.p99']);
  expect(changed.faults).toEqual({ kind: 'list', faults: [] });
  const set = (argument: string) => messages(RIGHT, { set: [argument] })[0];
  expect(set('phases.measure=5')).toBe(
    '--set phases.measure=5: phases.measure: expected a duration above 0, such as 5s or 500ms, found "5"; did you mean "5ms"?',
  );
  expect(set('phases.mesure=5s')).toBe(
    '--set phases.mesure=5s: unknown key "mesure" in phases; did you mean "measure"?',
  );
  expect(set('producers[3].rate=1/s')).toBe('--set producers[3].rate=1/s: there is no [3]; the list has 1');
  expect(set('phases')).toBe('--set phases: expected path=value, such as phases.measure=5s');
  expect(set('a b=1')).toBe('--set a b=1: the path is not like producers[0].rate');
  expect(set('seed=[')).toMatch(/^--set seed=\[: the value is not readable: /);
});

test('an override through an alias leaves the anchor alone', () => {
  const text = `
x-client: &client { acks: all, linger.ms: 5 }
topics: [{ name: a }]
producers:
  - { topic: a, rate: 1/s, client: *client }
  - { topic: a, rate: 1/s, client: { <<: *client, linger.ms: 7 } }
`;
  const read = workload(text, { set: ['producers[0].client.acks=1'] });
  expect(read.producers.map(({ client }) => client)).toEqual([
    { acks: '1', 'linger.ms': '5' },
    { 'linger.ms': '7', acks: 'all' },
  ]);
});

test('hostile files are refused, quickly and without an exception', { timeout: 30_000 }, () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]'];
  for (let level = 0; level < 12; level++) {
    const [from, to] = ['abcdefghijklmn'[level]!, 'abcdefghijklmn'[level + 1]!];
    bomb.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join(', ')}]`);
  }
  const manyTopics = `x-all: &all [${Array(3000).fill('{ name: t }').join(', ')}]\ntopics: *all\n`;
  for (const text of [
    '['.repeat(20_000),
    '{a: '.repeat(10_000),
    '- '.repeat(20_000),
    'a: '.repeat(10_000),
    bomb.join('\n'),
    `topics: &t\n  - *t\n`,
    'topics: &t [*t]',
    'x'.repeat(2_000_000),
    '\u0000\uFFFF\uD800',
    '? [a]\n: b',
    '{__proto__: 1, constructor: 2, toString: 3}',
    `topics: [{ name: __proto__ }]\nproducers: [{ topic: x, rate: 1/s, client: { __proto__: 1, constructor: 2 } }]`,
    '%YAML 9.9\n---\n!!js/function "x"',
    '<<: *nothing',
    '<<: [1, 2]',
    manyTopics,
    `topics: [${'{ name: a, b: c }, '.repeat(2_000)}]`,
    `{${Array.from({ length: 10_000 }, (_, index) => `key${index}: 1`).join(', ')}}`,
    `topics: [{ name: a, config: {${Array.from({ length: 10_000 }, (_, index) => `retention.${index}: 1`).join(', ')}} }]`,
  ]) {
    const result = parseWorkload(text, { file: 'hostile.yaml', set: ['topics[0].name=x', '__proto__.x=1'] });
    expect(result.ok).toBe(false);
    if (!result.ok) expect(result.diagnostics.length).toBeGreaterThan(0);
  }
  expect(({} as Record<string, unknown>).x).toBeUndefined();
});

test('nesting and aliases have bounds of their own', { timeout: 30_000 }, () => {
  expect(messages(`a: ${'['.repeat(60)}${']'.repeat(60)}`)).toEqual([
    'orders.yaml:1:43 nested more than 40 levels deep',
  ]);
  const list = `x-t: &t { size: 1B }\nx-l: &l [${Array(1500).fill('*t').join(', ')}]\n`;
  const users = Array(150)
    .fill('{ topic: a, rate: 1/s, value: { size: { distribution: choice, of: *l } } }')
    .join(', ');
  expect(messages(`${list}topics: [{ name: a }]\nproducers: [${users}]`)[0]).toMatch(
    /more than 200000 values once aliases are followed$/,
  );
});

const ready = readdirSync(new URL('.', import.meta.url)).filter((file) => file.endsWith('.yaml'));

test.each(ready)('%s is right, says what it shows and how long it takes, and survives toYaml', (file) => {
  const text = readFileSync(new URL(file, import.meta.url), 'utf8');
  const read = parseWorkload(text, { file });
  if (!read.ok) throw new Error(read.diagnostics.map(formatDiagnostic).join('\n'));
  expect(read.warnings).toEqual([]);
  expect(text).toMatch(/^# \S/);
  expect(text).toMatch(/^# Takes: .*\d/m);
  expect(workload(toYaml(read.workload), { file })).toEqual(read.workload);
  expect(read.workload.name).toBe(file.replace('.yaml', ''));
});

test('the hash follows the load and nothing else', () => {
  const base = workload(RIGHT);
  const hash = workloadHash(base);
  expect(hash).toMatch(/^[0-9a-f]{32}$/);
  expect(workloadHash(toJson(base))).toBe(hash);
  const same = ['seed=8', 'expect={}', 'target=local'];
  for (const argument of same) expect(workloadHash(workload(RIGHT, { set: [argument] }))).toBe(hash);
  const other = [
    'producers[0].rate=20_001/s',
    'topics[0].partitions=11',
    'faults=[]',
    'phases.warmup=6s',
    'cluster.profile=wan',
  ];
  const hashes = new Set(other.map((argument) => workloadHash(workload(RIGHT, { set: [argument] }))));
  expect(hashes.size).toBe(other.length);
  expect(hashes.has(hash)).toBe(false);
  const corpus = (text: string) => workloadHash(base, new Map([['corpus', new TextEncoder().encode(text)]]));
  expect(corpus('a')).not.toBe(corpus('b'));
});

test('payload and trace files are looked at when they can be', () => {
  const text = change('rate: 20_000/s', 'arrival: { trace: times.txt }\n    value: { corpus: text.bin }');
  const read = (files: Record<string, string>) => (path: string) =>
    files[path] === undefined ? null : new TextEncoder().encode(files[path]);
  expect(messages(text, { readFile: read({ 'times.txt': '1ms\n2ms\n', 'text.bin': 'abc' }) })).toEqual([]);
  expect(messages(text, { readFile: read({ 'times.txt': '2ms\n1ms\n' }) })).toEqual([
    'orders.yaml: producers[0].value.corpus: there is no file "text.bin"',
    'orders.yaml: producers[0].arrival.trace: "times.txt" line 2: earlier than the line before',
  ]);
});

test('the README names every key, every fault and its parameters', () => {
  const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');
  const missing: string[] = [];
  const visit = (schema: Record<string, unknown>, path: string): void => {
    for (const [key, inner] of Object.entries((schema.properties ?? {}) as Record<string, Record<string, unknown>>)) {
      const here = path === '' ? key : `${path}.${key}`;
      if (['client', 'config', 'expect', 'faults'].includes(key)) continue;
      if (!readme.includes(`\`${here}\``)) missing.push(here);
      visit(inner, here);
      if (inner.items) visit(inner.items as Record<string, unknown>, `${here}[]`);
    }
  };
  visit(jsonSchema(), '');
  for (const { kind, parameters } of describeFaultKinds()) {
    const row = readme.split('\n').find((line) => line.startsWith(`| \`${kind}\` `));
    for (const parameter of parameters) {
      if (!row?.includes(`\`${parameter}\``)) missing.push(`${kind} ${parameter}`);
    }
  }
  expect(missing).toEqual([]);
});
