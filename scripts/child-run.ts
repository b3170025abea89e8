import { spawn } from 'node:child_process';
import { EXIT, type RunRecord } from '../reports/run-record.ts';
import { outputOf } from './child-output.ts';
import { CommandError } from './exit.ts';

export interface ChildRun {
  /** The entry of a command line: scripts/bench.js of this or another checkout. */
  readonly bench: string;
  readonly file: string;
  readonly flags: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** For messages. */
  readonly label: string;
}

const ERROR_CHARACTERS = 2_000;

/**
 * `bench run` as a process of its own: nothing that one run has compiled or allocated helps or hinders the next. Gives
 * what it printed, without series. @throws CommandError when it gave no result
 */
export async function childRun({ bench, file, flags, env = {}, signal, label }: ChildRun): Promise<RunRecord> {
  const child = spawn(process.execPath, [bench, 'run', file, '--json', '--quiet', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const stop = (): void => {
    child.kill('SIGTERM');
  };
  signal.addEventListener('abort', stop, { once: true });
  const { text, closed } = outputOf(child);
  const status = await closed.finally(() => signal.removeEventListener('abort', stop));
  try {
    return { series: [], spectra: {}, workloadText: '', ...JSON.parse(text.out) } as RunRecord;
  } catch {
    const exit = status === EXIT.badWorkload ? EXIT.badWorkload : EXIT.runFailed;
    throw new CommandError(exit, `${label} gave no result: ${text.errors.trim().slice(0, ERROR_CHARACTERS)}`);
  }
}
