import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { EXIT } from '../reports/run-record.ts';
import { runDirectory } from '../reports/run-store.ts';
import type { Mutation } from '../sim/mutation.ts';
import { drawPlan, type Plan, PlanError, parsePlan } from '../sim/plan.ts';
import type { Workload } from '../workloads/workload.ts';
import { CommandError } from './exit.ts';

/** Plans of failed seeds live here, under the directory that the command was started in. */
const PLANS_DIRECTORY = '.faultline/plans';
/** The plan of a simulated run, beside its record. */
export const PLAN_FILE = 'plan.json';

/** A plan that stands for itself: with the contents of the files that its workload names. */
export function planOf(workload: Workload, files: ReadonlyMap<string, Uint8Array>, mutation?: Mutation): Plan {
  const plan = drawPlan(workload, mutation);
  if (files.size === 0) return plan;
  const texts = [...files].map(([path, bytes]) => [path, Buffer.from(bytes).toString('base64')]);
  return { ...plan, files: Object.fromEntries(texts) as Record<string, string> };
}

export function writePlan(path: string, plan: Plan): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(plan, null, 1)}\n`);
}

/** Keeps the plan of a failed run; returns its path as a command line wants it. */
export function keepPlan(root: string, plan: Plan): string {
  const name = plan.workload.name.replaceAll(/[^A-Za-z0-9._-]/g, '-').slice(0, 60);
  const path = join(root, PLANS_DIRECTORY, `${name}-${plan.workload.seed}.json`);
  writePlan(path, plan);
  return relative(root, path);
}

/** By the path of a plan, or by the id of a simulated run. @throws CommandError */
export function readPlan(root: string, which: string): { plan: Plan; path: string } {
  const path = which.endsWith('.json') ? which : join(runDirectory(root, which), PLAN_FILE);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    const meant = which.endsWith('.json')
      ? 'there is no such file'
      : 'no run of this id has a plan (bench run keeps one)';
    throw new CommandError(EXIT.badWorkload, `${which}: ${meant}`);
  }
  try {
    return { plan: parsePlan(text), path };
  } catch (error) {
    if (error instanceof PlanError) throw new CommandError(EXIT.badWorkload, `${path}: ${error.message}`);
    throw error;
  }
}
