import { isMap } from 'yaml';
import { resolveWorkload } from './check.ts';
import { type Diagnostic, sortDiagnostics } from './diagnostics.ts';
import { readFile } from './file.ts';
import { checkFiles, type ReadFile } from './files.ts';
import { readOmbSource } from './omb.ts';
import { isOmbField, looksLikeOmb } from './omb-fields.ts';
import type { Place } from './schema.ts';
import { Source } from './source.ts';
import { toYaml } from './to-yaml.ts';
import type { Workload } from './workload.ts';

export interface ParseOptions {
  /** For messages, and the workload's name: `workloads/orders.yaml` is `orders`. */
  readonly file: string;
  /** `--set` arguments, `path=value`, applied in order before anything is checked. */
  readonly set?: readonly string[];
  /** An OpenMessaging Benchmark driver file, for a workload file of theirs. */
  readonly driver?: { readonly text: string; readonly file: string } | null;
  /** Payload and trace files by the path in the workload; without it they are not looked at. */
  readonly readFile?: ReadFile;
}

export type ParseResult =
  | {
      readonly ok: true;
      readonly workload: Workload;
      readonly format: 'faultline' | 'omb';
      readonly warnings: readonly Diagnostic[];
    }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** Reads, checks and completes a workload file. Never throws; names every mistake it can find at once. */
export function parseWorkload(text: string, options: ParseOptions): ParseResult {
  const source = new Source(text, options.file);
  const overrides = options.set ?? [];
  if (isMap(source.root) && looksLikeOmb(source.root)) return parseOmb(source, options, overrides);
  for (const argument of overrides) source.override(argument);
  return finish(source, readWorkload(source, workloadName(options.file)), 'faultline', options);
}

function readWorkload(source: Source, name: string): Workload | undefined {
  if (source.root === null) return undefined;
  const place: Place = { source, node: source.root, path: '' };
  const file = readFile(place);
  return file === undefined ? undefined : resolveWorkload(file, name, place);
}

/** Overrides of their fields go to their file, all others to what it means in ours. */
function parseOmb(source: Source, options: ParseOptions, overrides: readonly string[]): ParseResult {
  const theirs = overrides.filter((argument) => isOmbField(argument.slice(0, argument.indexOf('=')).trim()));
  const ours = overrides.filter((argument) => !theirs.includes(argument));
  for (const argument of theirs) source.override(argument);
  const driver = options.driver == null ? null : new Source(options.driver.text, options.driver.file);
  const workload = readOmbSource(source, driver, workloadName(options.file));
  const diagnostics = [...source.diagnostics, ...(driver?.diagnostics ?? [])];
  if (workload === undefined || ours.length === 0) return conclude(diagnostics, workload, 'omb', options);
  const translated = new Source(toYaml(workload), options.file);
  for (const argument of ours) translated.override(argument);
  const changed = readWorkload(translated, workload.name);
  return conclude([...diagnostics, ...translated.diagnostics], changed, 'omb', options);
}

function finish(
  source: Source,
  workload: Workload | undefined,
  format: 'faultline' | 'omb',
  options: ParseOptions,
): ParseResult {
  return conclude(source.diagnostics, workload, format, options);
}

function conclude(
  found: readonly Diagnostic[],
  workload: Workload | undefined,
  format: 'faultline' | 'omb',
  options: ParseOptions,
): ParseResult {
  const files =
    workload === undefined || options.readFile === undefined
      ? []
      : checkFiles(workload, options.file, options.readFile);
  const diagnostics = sortDiagnostics([...found, ...files]);
  if (workload === undefined || diagnostics.some(({ severity }) => severity === 'error'))
    return { ok: false, diagnostics };
  return { ok: true, workload, format, warnings: diagnostics };
}

/** `workloads/orders.yaml` → `orders`. */
export function workloadName(file: string): string {
  const base = file.split(/[/\\]/).at(-1) ?? file;
  return base.replace(/\.(ya?ml|json)$/i, '') || 'workload';
}
