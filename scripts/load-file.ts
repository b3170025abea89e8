import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { EXIT } from '../reports/run-record.ts';
import { type Diagnostic, formatDiagnostic } from '../workloads/diagnostics.ts';
import { filesOf } from '../workloads/files.ts';
import type { MatrixAxis } from '../workloads/matrix.ts';
import { describeOmbDriver } from '../workloads/omb.ts';
import { parseWorkload } from '../workloads/parse.ts';
import type { Workload } from '../workloads/workload.ts';
import { CommandError } from './exit.ts';

export interface LoadOptions {
  readonly set: readonly string[];
  /** Path of an OpenMessaging Benchmark driver file. */
  readonly driver?: string;
}

interface Refused {
  readonly ok: false;
  readonly diagnostics: readonly Diagnostic[];
  readonly text: string;
}

export interface LoadedWorkload {
  readonly ok: true;
  readonly kind: 'workload';
  readonly format: 'faultline' | 'omb';
  readonly source: string;
  readonly driverSource: string | null;
  readonly workload: Workload;
  /** Contents of the files that the workload names, by their path in it. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly warningTexts: readonly string[];
  /** The axes of the file's `matrix`. */
  readonly matrix: readonly MatrixAxis[];
}

export interface LoadedDriver {
  readonly ok: true;
  readonly kind: 'driver';
  readonly source: string;
  readonly driverSource: null;
  readonly warningTexts: readonly string[];
}

/** Reads a workload file, or a driver file of OpenMessaging Benchmark standing alone. @throws CommandError: no such file. */
export function loadFile(path: string, options: LoadOptions): LoadedWorkload | LoadedDriver | Refused {
  const source = readText(path);
  const driverSource = options.driver === undefined ? null : readText(options.driver);
  if (driverSource === null && /^driverClass\s*:/m.test(source) && describeOmbDriver(source, path) !== null) {
    return { ok: true, kind: 'driver', source, driverSource: null, warningTexts: [] };
  }
  const folder = dirname(resolve(path));
  const readNamed = (name: string): Uint8Array | null => readBytes(resolve(folder, name));
  const parsed = parseWorkload(source, {
    file: path,
    set: options.set,
    driver: driverSource === null ? null : { text: driverSource, file: options.driver! },
    readFile: readNamed,
  });
  if (!parsed.ok) {
    return { ok: false, diagnostics: parsed.diagnostics, text: parsed.diagnostics.map(formatDiagnostic).join('\n') };
  }
  const files = new Map<string, Uint8Array>();
  for (const { path: name } of filesOf(parsed.workload)) files.set(name, readNamed(name)!);
  return {
    ok: true,
    kind: 'workload',
    format: parsed.format,
    source,
    driverSource,
    workload: parsed.workload,
    files,
    warningTexts: parsed.warnings.map(formatDiagnostic),
    matrix: parsed.matrix,
  };
}

/** For commands that run something. @throws CommandError 20 with every diagnostic. */
export function loadWorkload(path: string, options: LoadOptions): LoadedWorkload {
  const loaded = loadFile(path, options);
  if (!loaded.ok) throw new CommandError(EXIT.badWorkload, loaded.text);
  if (loaded.kind === 'driver') {
    throw new CommandError(
      EXIT.badWorkload,
      `${path}: this is a driver file; give it with --driver beside a workload file`,
    );
  }
  for (const warning of loaded.warningTexts) process.stderr.write(`${warning}\n`);
  return loaded;
}

function readText(path: string): string {
  const bytes = readBytes(path);
  if (bytes === null) throw new CommandError(EXIT.badWorkload, `${path}: there is no such file`);
  return new TextDecoder().decode(bytes);
}

function readBytes(path: string): Uint8Array | null {
  try {
    return readFileSync(path);
  } catch {
    // Missing, a directory or not readable: for the caller it is no file.
    return null;
  }
}
