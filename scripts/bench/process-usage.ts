import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** What processes cost, from /proc: Linux alone, as the comparison with Kafka's figures is. */

const TICKS_PER_SECOND = 100;

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process is gone: it ends while we look.
    return null;
  }
}

/** User and system time in seconds of /proc/PID/stat. The name may hold blanks and brackets: fields count from behind it. */
export function cpuSecondsOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** A line of /proc/PID/status in bytes, 0 where it is missing. */
export function statusBytes(status: string, name: 'VmRSS' | 'VmHWM'): number {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status);
  return found === null ? 0 : Number(found[1]) * 1024;
}

/** The children that a process started and has not taken leave of. */
export function childrenOf(pid: number): number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.flatMap((thread) =>
      (read(`/proc/${pid}/task/${thread}/children`) ?? '').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

function withDescendants(pids: readonly number[]): number[] {
  return pids.flatMap((pid) => [pid, ...withDescendants(childrenOf(pid))]);
}

/** CPU seconds so far of processes and what they started. */
export function cpuSeconds(pids: readonly number[]): number {
  return withDescendants(pids).reduce((sum, pid) => {
    const stat = read(`/proc/${pid}/stat`);
    return stat === null ? sum : sum + cpuSecondsOf(stat);
  }, 0);
}

/** Resident memory in bytes of processes and what they started. */
export function residentBytes(pids: readonly number[]): number {
  return withDescendants(pids).reduce((sum, pid) => {
    return sum + statusBytes(read(`/proc/${pid}/status`) ?? '', 'VmRSS');
  }, 0);
}

export interface Measured {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

const LOOK_MS = 100;

/** Runs a command to its end, at most `timeoutMs`, and says what it cost, up to LOOK_MS before it ended. */
export function runMeasured(command: string, args: readonly string[], timeoutMs: number): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    let cpu = 0;
    let peak = 0;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const look = setInterval(() => {
      if (child.pid === undefined) return;
      cpu = Math.max(cpu, cpuSeconds([child.pid]));
      peak = Math.max(peak, statusBytes(read(`/proc/${child.pid}/status`) ?? '', 'VmHWM'));
    }, LOOK_MS);
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    const done = (): void => {
      clearTimeout(timer);
      clearInterval(look);
    };
    child.on('error', (error) => {
      done();
      reject(error);
    });
    child.on('close', (code) => {
      done();
      resolve({ code, stdout, stderr, cpuSeconds: cpu, peakBytes: peak });
    });
  });
}
