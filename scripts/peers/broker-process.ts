import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../package.ts';
import { stopProcess, waitForLine } from './process.ts';

export interface ServedCluster extends AsyncDisposable {
  readonly bootstrap: string;
  readonly pid: number;
  readonly child: ChildProcess;
  /** From process start to the line `ready`, milliseconds. */
  readonly startMs: number;
  stop(): Promise<void>;
}

/**
 * Starts `bench serve` as a user would, on free ports, and waits until it says that it is ready. With `nodeArgs` Node
 * itself gets these, and the process a channel for messages.
 */
export async function serveProcess(
  args: readonly string[] = ['--memory'],
  nodeArgs: readonly string[] = [],
): Promise<ServedCluster> {
  const startedAt = performance.now();
  const command = [...nodeArgs, join(packageRoot, 'scripts', 'bench.js'), 'serve', '--port', '0', ...args];
  const child = spawn(process.execPath, command, {
    stdio: ['ignore', 'pipe', 'pipe', ...(nodeArgs.length > 0 ? ['ipc' as const] : [])],
  });
  const match = await waitForLine(child, /^ready (\S+)$/m, 30_000).catch(async (error: unknown) => {
    await stopProcess(child);
    throw error;
  });
  const stop = (): Promise<void> => stopProcess(child);
  return {
    bootstrap: match[1]!,
    pid: child.pid!,
    child,
    startMs: performance.now() - startedAt,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
