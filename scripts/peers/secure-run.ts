import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package.ts';
import { type Finished, runCommand } from './process.ts';
import { SECRET, WRONG_SECRET } from './secure-kafka.ts';

/** Properties as people write them; the password comes from the environment. */
function properties(folder: string, name: string, lines: Readonly<Record<string, string>>): string {
  const path = join(folder, `${name.replaceAll(/\W+/g, '-')}.properties`);
  writeFileSync(
    path,
    Object.entries(lines)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );
  return path;
}

export function jaas(module: string, password: string = '$' + '{env:KAFKA_PASSWORD}'): string {
  const name = module === 'plain' ? 'PlainLoginModule' : 'ScramLoginModule';
  return `org.apache.kafka.common.security.${module}.${name} required \\\n  username="alice" password="${password}";`;
}

export interface BenchRun extends Finished {
  readonly elapsedMs: number;
  readonly store: string;
}

/** `bench run` of the quickstart in a folder of its own below `folder`, where the run record ends up. */
export async function bench(
  folder: string,
  bootstrap: string,
  name: string,
  lines: Readonly<Record<string, string>>,
): Promise<BenchRun> {
  const store = mkdtempSync(join(folder, 'run-'));
  mkdirSync(store, { recursive: true });
  const startedAt = performance.now();
  const finished = await runCommand(
    'sh',
    [
      '-c',
      'cd "$1" && shift && exec "$@"',
      'sh',
      store,
      process.execPath,
      join(packageRoot, 'scripts/bench.js'),
      ...['run', join(packageRoot, 'workloads/quickstart.yaml'), '--target', 'kafka', '--bootstrap', bootstrap],
      ...['--client-config', properties(folder, name, lines), '--set', 'phases.measure=4s', '--report', 'report.html'],
    ],
    { timeoutMs: 60_000, env: { ...process.env, KAFKA_PASSWORD: SECRET, WRONG_PASSWORD: WRONG_SECRET } },
  );
  return { ...finished, elapsedMs: performance.now() - startedAt, store };
}

/** Neither in what a run printed nor in what it wrote. */
export function expectNoSecret({ stdout, stderr, store }: BenchRun): void {
  const texts = [stdout, stderr, ...filesIn(store).map((path) => readFileSync(path, 'latin1'))];
  for (const text of texts) {
    for (const secret of [SECRET, WRONG_SECRET, 'PRIVATE KEY']) {
      if (text.includes(secret)) throw new Error('a secret has been written');
    }
  }
}

export function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile());
}
