import type { Diagnostic } from './diagnostics.ts';
import { quote } from './diagnostics.ts';
import { parseTrace } from './load/trace.ts';
import type { Workload } from './workload.ts';

/** The bytes of a file that a workload names, null when there is none. The caller resolves the path. */
export type ReadFile = (path: string) => Uint8Array | null;

interface NamedFile {
  readonly path: string;
  readonly use: 'corpus' | 'trace';
  /** "producers[0].value.corpus". */
  readonly key: string;
}

/** Every file that a workload needs beside itself. */
export function filesOf(workload: Workload): NamedFile[] {
  return workload.producers.flatMap(({ value, arrival }, index) => {
    const files: NamedFile[] = [];
    if (value.corpus !== null)
      files.push({ path: value.corpus, use: 'corpus', key: `producers[${index}].value.corpus` });
    if (arrival.kind === 'trace')
      files.push({ path: arrival.file, use: 'trace', key: `producers[${index}].arrival.trace` });
    return files;
  });
}

/**
 * Their payload paths are relative to the folder that their distribution is started in, which holds `workloads/…` and
 * `payload/…` alike: a path that leads nowhere from the workload file is tried from the folders above it.
 */
export function findPayload(path: string, read: ReadFile): string {
  const candidates = ['', '../', '../../', '../../../'].map((up) => `${up}${path}`);
  return candidates.find((candidate) => read(candidate) !== null) ?? path;
}

/** Files that are missing, empty or not what they should be. */
export function checkFiles(
  workload: Workload,
  format: 'faultline' | 'omb',
  file: string,
  read: ReadFile,
): Diagnostic[] {
  return filesOf(workload).flatMap(({ path, use, key }) => {
    const bytes = read(path);
    const problem = problemOf(bytes, path, use) ?? (format === 'omb' ? ombProblem(bytes!, path, workload) : null);
    if (problem === null) return [];
    return [
      {
        severity: 'error',
        code: 'file',
        file,
        line: 0,
        column: 0,
        path: key,
        message: `${key}: ${problem}`,
        suggestion: null,
      },
    ];
  });
}

function problemOf(bytes: Uint8Array | null, path: string, use: NamedFile['use']): string | null {
  if (bytes === null) return `there is no file ${quote(path)}`;
  if (bytes.length === 0) return `the file ${quote(path)} is empty`;
  if (use === 'corpus') return null;
  const trace = parseTrace(new TextDecoder().decode(bytes));
  return 'problem' in trace ? `${quote(path)} line ${trace.line}: ${trace.problem}` : null;
}

/** There a payload file is one message, and of no other size than messageSize. */
function ombProblem(bytes: Uint8Array, path: string, workload: Workload): string | null {
  const size = workload.producers[0]!.value.size;
  if (size.kind !== 'fixed' || size.bytes === bytes.length) return null;
  return `${quote(path)} has ${bytes.length} bytes; messageSize is ${size.bytes}`;
}
