import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDiagnostic } from './diagnostics.ts';
import { parseWorkload } from './parse.ts';
import { parseProperties } from './properties.ts';
import { toYaml } from './to-yaml.ts';

const ready = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => readFileSync(new URL(file, import.meta.url), 'utf8'));

/** Pieces that mean something to YAML or to us, so that damage gets past the first look. */
const piece = fc.oneof(
  fc.constantFrom(
    ...[
      '{',
      '}',
      '[',
      ']',
      ': ',
      '- ',
      '&a',
      '*a',
      '<<: *a',
      '|',
      '>',
      '"',
      "'",
      '#',
      '\n',
      '\n  ',
      '\t',
      '---\n',
      '!!set',
    ],
    ...[
      '__proto__',
      'constructor',
      'null',
      '~',
      '-1',
      '0',
      '1e999',
      'NaN',
      '.inf',
      '0x10',
      '99999999999999999999',
      '5sec',
    ],
    ...[
      'max',
      'swarm',
      'none',
      'leader()',
      'leader(a/)',
      'isolate(isolate(any))',
      'rack()',
      'topicConfig: |\n  a=b',
      'messageSize: 1',
    ],
  ),
  fc.string({ maxLength: 12 }),
);

const damaged = fc
  .tuple(
    fc.constantFrom(...ready),
    fc.array(fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), remove: fc.nat({ max: 20 }), piece }), {
      minLength: 1,
      maxLength: 6,
    }),
  )
  .map(([text, edits]) =>
    edits.reduce((current, edit) => {
      const at = Math.floor(edit.at * current.length);
      return current.slice(0, at) + edit.piece + current.slice(at + edit.remove);
    }, text),
  );

const path = fc.oneof(
  fc.constantFrom(
    'seed',
    'topics[0]',
    'topics[0].name',
    'producers[0].client',
    'producers[0].client.acks',
    'faults',
    'expect.x',
    'phases',
    'x[0][1].y',
  ),
  fc.string({ maxLength: 20 }),
);

test('whatever is done to a file, the answer is a workload or messages with a place', { timeout: 30_000 }, () => {
  fc.assert(
    fc.property(damaged, fc.array(fc.tuple(path, piece), { maxLength: 2 }), (text, overrides) => {
      const set = overrides.map(([where, value]) => `${where}=${value}`);
      const result = parseWorkload(text, { file: 'damaged.yaml', set });
      if (result.ok) {
        // What was accepted is within the language: it can be written down and read again.
        const again = parseWorkload(toYaml(result.workload), { file: 'damaged.yaml' });
        if (!again.ok) throw new Error(again.diagnostics.map(formatDiagnostic).join('\n'));
        expect({ ...again.workload, name: '' }).toEqual({ ...result.workload, name: '' });
        return;
      }
      expect(result.diagnostics.length).toBeGreaterThan(0);
      const lines = text.split('\n').length;
      for (const diagnostic of result.diagnostics) {
        const printed = formatDiagnostic(diagnostic);
        expect(diagnostic.line).toBeLessThanOrEqual(lines + 1);
        if (diagnostic.line > 0) expect(printed).toMatch(/^damaged\.yaml:\d+:\d+ \S/);
      }
    }),
    { numRuns: 400 },
  );
});

test('a file of anything is answered', { timeout: 30_000 }, () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ maxLength: 200, unit: 'binary' }),
        fc.array(piece, { maxLength: 40 }).map((parts) => parts.join('')),
      ),
      (text) => {
        expect(parseWorkload(text, { file: 'any.yaml', driver: { text, file: 'driver.yaml' } }).ok).toBe(false);
        expect(typeof parseProperties(text)).toBe('object');
      },
    ),
    { numRuns: 300 },
  );
});
