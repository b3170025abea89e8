import { expect, test } from 'vitest';
import { formatDiagnostic } from './diagnostics.ts';
import { workloadHash } from './hash.ts';
import { parseWorkload } from './parse.ts';
import { toYaml } from './to-yaml.ts';

function file(driver: string, producer = '', consumer = '', target = 'local'): string {
  return `
target: ${target}
client: { driver: ${driver} }
topics: [{ name: t }]
producers: [{ topic: t, rate: 10/s${producer} }]
consumers: [{ topic: t${consumer} }]
`;
}

function messages(text: string): string[] {
  const parsed = parseWorkload(text, { file: 'c.yaml' });
  return parsed.ok ? [] : parsed.diagnostics.map(formatDiagnostic);
}

test.each([
  [
    file('kafkajs', '', '', 'sim'),
    'c.yaml:3:9 client.driver: kafkajs needs a real network; target sim runs our own client alone (targets local and kafka take any)',
  ],
  [
    file('kafkajs', ', client: { delivery.timeout.ms: 200s }'),
    'c.yaml:5:45 producers[0].client: the producer of kafkajs has no name for delivery.timeout.ms',
  ],
  [
    file('kafkajs', ', client: { compression.type: zstd }'),
    'c.yaml:5:45 producers[0].client: kafkajs cannot do compression.type zstd; it does none, gzip',
  ],
  [
    file('platformatic', ', transaction: { records: 10 }', '', 'kafka\nbootstrap: [k:9092]'),
    'c.yaml:6:50 producers[0].transaction: client.driver platformatic writes no transactions here',
  ],
  [
    file('platformatic', '', ', client: { group.protocol: consumer }'),
    'c.yaml:6:33 consumers[0].client: platformatic cannot do group.protocol consumer; it does classic',
  ],
  [
    file('kafkajs', '', ', group: none'),
    'c.yaml:6:32 consumers[0].group: kafkajs reads in a group alone, and cannot be given partitions by hand',
  ],
  [
    file('kafkjs'),
    'c.yaml:3:19 client.driver: expected faultline, kafkajs or platformatic, found "kafkjs"; did you mean "kafkajs"?',
  ],
])('what a library cannot do is refused with its place: %#', (text, message) => {
  expect(messages(text)).toEqual([message]);
});

test('the driver is part of the load, survives toYaml, and our own client is as if nothing was said', () => {
  const read = (driver: string) => {
    const parsed = parseWorkload(file(driver), { file: 'c.yaml' });
    if (!parsed.ok) throw new Error(messages(file(driver)).join('\n'));
    return parsed.workload;
  };
  const [own, other] = [read('faultline'), read('kafkajs')];
  expect(own.driver).toBeUndefined();
  expect(other.driver).toBe('kafkajs');
  expect(workloadHash(own)).not.toBe(workloadHash(other));
  const again = parseWorkload(toYaml(other), { file: 'c.yaml' });
  expect(again.ok && again.workload).toEqual(other);
});
