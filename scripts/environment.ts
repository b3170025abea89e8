import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../reports/run-record.ts';
import { packageRoot, version } from './package.ts';

/** What a reader must know to compare a figure: the machine and the code. */
export function environment(): Environment {
  const processors = cpus();
  const governor = '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor';
  return {
    node: process.versions.node,
    cores: processors.length,
    ...commit(),
    cpu: processors[0]?.model ?? 'unknown',
    memoryBytes: totalmem(),
    kernel: release(),
    ...(existsSync(governor) ? { governor: readFileSync(governor, 'utf8').trim() } : {}),
    faultline: version,
  };
}

function commit(): { commit: string; dirty: boolean } {
  if (!existsSync(join(packageRoot, '.git'))) return { commit: 'none', dirty: false };
  const git = (args: string[]): string =>
    execFileSync('git', args, { cwd: packageRoot, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return { commit: git(['rev-parse', 'HEAD']), dirty: git(['status', '--porcelain', '-uno']) !== '' };
  } catch {
    // No git on this machine, or a checkout that git refuses to read.
    return { commit: 'none', dirty: false };
  }
}
