import { expect, test } from 'vitest';
import { parseWorkload } from './parse.ts';
import { change, messages, RIGHT, workload } from './testing/right-file.ts';

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
