import { type ChildProcess, spawn } from 'node:child_process';
import { outputOf } from '../child-output.ts';

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, at most `timeoutMs`; then it is killed and the result says code null. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: { timeoutMs: number; input?: string; env?: NodeJS.ProcessEnv } = { timeoutMs: 60_000 },
): Promise<Finished> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: options.env ?? process.env });
  const { text, closed } = outputOf(child);
  // A command that ends before it has read its input is judged by its exit, not by the broken pipe.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs);
  try {
    const code = await closed;
    return { code, stdout: text.out, stderr: text.errors };
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves with the first match in what the process prints; rejects when it ends or is silent too long. */
export function waitForLine(child: ChildProcess, pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let seen = '';
    const timer = setTimeout(() => finish(new Error(`no ${pattern} within ${timeoutMs} ms:\n${seen}`)), timeoutMs);
    const onData = (chunk: Buffer): void => {
      seen = (seen + chunk.toString()).slice(-100_000);
      const match = pattern.exec(seen);
      if (match !== null) finish(match);
    };
    const onExit = (code: number | null): void => finish(new Error(`ended with ${code} before ${pattern}:\n${seen}`));
    const finish = (result: RegExpExecArray | Error): void => {
      clearTimeout(timer);
      child.stdout?.off('data', onData);
      child.stderr?.off('data', onData);
      child.off('exit', onExit);
      // Nobody reads on: let the pipes run dry so that the process never blocks on them.
      child.stdout?.resume();
      child.stderr?.resume();
      if (result instanceof Error) reject(result);
      else resolve(result);
    };
    child.stdout?.on('data', onData);
    child.stderr?.on('data', onData);
    child.on('exit', onExit);
  });
}

/** Asks a process to end, then ends it. */
export async function stopProcess(child: ChildProcess, graceMs = 5000): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await ended;
  clearTimeout(timer);
}
