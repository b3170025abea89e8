import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../package.ts';
import { stopProcess, waitForLine } from './process.ts';

export interface ServedCluster extends AsyncDisposable {
  readonly bootstrap: string;
  readonly pid: number;
  /** From process start to the line `ready`, milliseconds. */
  readonly startMs: number;
  stop(): Promise<void>;
}

/** Starts `bench serve` as a user would, on free ports, and waits until it says that it is ready. */
export async function serveProcess(args: readonly string[] = ['--memory']): Promise<ServedCluster> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [join(packageRoot, 'scripts', 'bench.js'), 'serve', '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const match = await waitForLine(child, /^ready (\S+)$/m, 30_000).catch(async (error: unknown) => {
    await stopProcess(child);
    throw error;
  });
  const stop = (): Promise<void> => stopProcess(child);
  return {
    bootstrap: match[1]!,
    pid: child.pid!,
    startMs: performance.now() - startedAt,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
