import { isMap } from 'yaml';
import { resolveWorkload } from './check.ts';
import { type Diagnostic, sortDiagnostics } from './diagnostics.ts';
import { readFile } from './file.ts';
import { checkFiles, findPayload, type ReadFile } from './files.ts';
import type { MatrixAxis } from './matrix.ts';
import { checkOmbDriver, readOmbSource } from './omb.ts';
import { isOmbField, looksLikeOmb, looksLikeOmbDriver } from './omb-fields.ts';
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
      /** The axes of `matrix`; the workload is the file without them. */
      readonly matrix: readonly MatrixAxis[];
    }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** Reads, checks and completes a workload file. Never throws; names every mistake it can find at once. */
export function parseWorkload(text: string, options: ParseOptions): ParseResult {
  const source = new Source(text, options.file);
  const overrides = options.set ?? [];
  if (isMap(source.root) && looksLikeOmb(source.root)) return parseOmb(source, options, overrides);
  if (isMap(source.root) && looksLikeOmbDriver(source.root)) return refuseDriver(text, options.file);
  for (const argument of overrides) source.override(argument);
  const { workload, matrix } = readWorkload(source, workloadName(options.file));
  return conclude(source.diagnostics, workload, 'faultline', options, matrix);
}

interface ReadWorkload {
  readonly workload: Workload | undefined;
  readonly matrix: readonly MatrixAxis[];
}

function readWorkload(source: Source, name: string): ReadWorkload {
  if (source.root === null) return { workload: undefined, matrix: [] };
  const place: Place = { source, node: source.root, path: '' };
  const file = readFile(place);
  if (file === undefined) return { workload: undefined, matrix: [] };
  return { workload: resolveWorkload(file, name, place), matrix: file.matrix };
}

/** With the driver's own mistakes first, so that `bench validate driver.yaml` is of use. */
function refuseDriver(text: string, file: string): ParseResult {
  const message = 'a driver file of OpenMessaging Benchmark; give it with --driver beside a workload file';
  const refusal: Diagnostic = {
    severity: 'error',
    code: 'type',
    file,
    line: 1,
    column: 1,
    path: '',
    message,
    suggestion: null,
  };
  const mistakes = checkOmbDriver(text, file).filter(({ severity }) => severity === 'error');
  return { ok: false, diagnostics: mistakes.length > 0 ? mistakes : [refusal] };
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
  const { workload: changed } = readWorkload(translated, workload.name);
  return conclude([...diagnostics, ...translated.diagnostics], changed, 'omb', options);
}

function conclude(
  found: readonly Diagnostic[],
  read: Workload | undefined,
  format: 'faultline' | 'omb',
  options: ParseOptions,
  matrix: readonly MatrixAxis[] = [],
): ParseResult {
  const workload = format === 'omb' && read !== undefined ? withPayload(read, options.readFile) : read;
  const files =
    workload === undefined || options.readFile === undefined
      ? []
      : checkFiles(workload, format, options.file, options.readFile);
  const diagnostics = sortDiagnostics([...found, ...files]);
  if (workload === undefined || diagnostics.some(({ severity }) => severity === 'error'))
    return { ok: false, diagnostics };
  return { ok: true, workload, format, warnings: diagnostics, matrix };
}

function withPayload(workload: Workload, read: ReadFile | undefined): Workload {
  if (read === undefined) return workload;
  const producers = workload.producers.map((producer) => {
    const { corpus } = producer.value;
    return corpus === null
      ? producer
      : { ...producer, value: { ...producer.value, corpus: findPayload(corpus, read) } };
  });
  return { ...workload, producers };
}

/** `workloads/orders.yaml` → `orders`. */
function workloadName(file: string): string {
  const base = file.split(/[/\\]/).at(-1) ?? file;
  return base.replace(/\.(ya?ml|json)$/i, '') || 'workload';
}
