import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { formatDiagnostic } from './diagnostics.ts';
import { describeFaultKinds } from './fault-kinds.ts';
import { jsonSchema } from './file.ts';
import { parseWorkload } from './parse.ts';
import { workload } from './testing/right-file.ts';
import { toYaml } from './to-yaml.ts';

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
