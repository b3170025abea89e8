import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunRecord } from './run-record.ts';

/** Runs live in `.faultline/runs/<id>/`: `run.json`, and beside it what a run exports (report, histograms, history). */
export const RUNS_DIRECTORY = '.faultline/runs';
const RUN_FILE = 'run.json';
/** An id is a directory's name: nothing in it can lead elsewhere. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

export class RunStoreError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RunStoreError';
  }
}

/** `20261125-032117-orders-42`: sorts by time, and says what it is. `startedAt` is ISO 8601. */
export function runId(startedAt: string, workload: string, seed: number): string {
  const stamp = startedAt.replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 15);
  const name = workload.replaceAll(/[^A-Za-z0-9._-]/g, '-').slice(0, 60);
  return `${stamp}-${name}-${seed}`;
}

export function runDirectory(root: string, id: string): string {
  if (!ID.test(id)) throw new RunStoreError(`${JSON.stringify(id)} is not the id of a run`);
  return join(root, RUNS_DIRECTORY, id);
}

/** The id, or the first of `id-2`, `id-3`, … that no other run has: several may start within one second. */
export async function claimRunId(root: string, id: string): Promise<string> {
  await mkdir(join(root, RUNS_DIRECTORY), { recursive: true });
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? id : `${id}-${number}`;
    try {
      await mkdir(runDirectory(root, candidate));
      return candidate;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
  }
}

/** Writes the record whole or not at all; returns its directory. `root` is where `.faultline` stands. */
export async function writeRun(root: string, record: RunRecord): Promise<string> {
  const directory = runDirectory(root, record.id);
  await mkdir(directory, { recursive: true });
  const file = join(directory, RUN_FILE);
  await writeFile(`${file}.partial`, `${JSON.stringify(record)}\n`);
  await rename(`${file}.partial`, file);
  return directory;
}

export async function readRun(root: string, id: string): Promise<RunRecord> {
  return readRunFile(join(runDirectory(root, id), RUN_FILE));
}

/** Reads a record by the path of its `run.json`. Throws RunStoreError for what is no record of a known schema. */
export async function readRunFile(path: string): Promise<RunRecord> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new RunStoreError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const schema = typeof value === 'object' && value !== null && 'schema' in value ? value.schema : undefined;
  if (schema !== 1)
    throw new RunStoreError(`${path}: schema ${String(schema)} is not 1, the one that this version reads`);
  return value as RunRecord;
}

/** Ids of all runs, the newest first. */
export async function listRuns(root: string): Promise<string[]> {
  try {
    const entries = await readdir(join(root, RUNS_DIRECTORY), { withFileTypes: true });
    const ids = entries.filter((entry) => entry.isDirectory() && ID.test(entry.name)).map((entry) => entry.name);
    return ids.sort().reverse();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
