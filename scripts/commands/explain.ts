import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { HistoryFileError } from '../../reports/history/form.ts';
import { linesOf, readHistory } from '../../reports/history/reader.ts';
import { EXIT, type ExitCode, type RunRecord } from '../../reports/run-record.ts';
import { runDirectory } from '../../reports/run-store.ts';
import { ruleToTell, storyOfRecord } from '../../reports/story/of-record.ts';
import type { Story } from '../../reports/story/story.ts';
import { renderStorySvg } from '../../reports/story/svg.ts';
import { tell } from '../../reports/story/tell.ts';
import { storyText } from '../../reports/story/terminal.ts';
import { WitnessRows, witnessKey } from '../../reports/story/witness-rows.ts';
import { ContractError } from '../../reports/verdict/contract.ts';
import type { VerdictResult } from '../../reports/verdict/result.ts';
import { type Plan, PlanError, parsePlan } from '../../sim/plan.ts';
import { CommandError } from '../exit.ts';
import { judgedHistory } from '../judged-history.ts';
import { PLAN_FILE, readPlan } from '../plan-file.ts';
import { storyOfPlan } from '../story.ts';
import { createProgress, useColor } from '../terminal.ts';
import { findRun } from './report.ts';

interface ExplainFlags {
  rule?: string;
  json?: boolean;
  svg?: string;
  dark?: boolean;
}

const COLUMNS = 100;
const EXPECTED =
  'expected a plan (.faultline/plans/*.json), a run.json, or a history (bench run --history FILE), and it is none of them';

export function registerExplain(program: Command): void {
  program
    .command('explain')
    .argument('[run]', 'a plan or regression (.json), a run (id, run.json, `last`), or a history (.ndjson)', 'last')
    .description('Tell how a promise was broken: the few events that matter, brokers and clients side by side.')
    .option('--rule <id>', 'the rule to tell of; default the first that failed')
    .option('--svg <file>', 'also draw it, for a page of your own')
    .option('--dark', 'with --svg: for a dark ground')
    .option('--json', 'print the story as one JSON object and nothing else')
    .addHelpText(
      'after',
      `
A plan, and a simulated run, which keeps its plan, is replayed and told from inside of the brokers; a live run is told
from what its clients saw and its fault log says.

Examples:
  bench explain .faultline/plans/durability-17.json
  bench explain last --svg story.svg
  bench explain history.ndjson --rule P2`,
    )
    .action(explainCommand);
}

interface Explained {
  readonly verdict: VerdictResult;
  readonly story: Story | null;
  readonly name: string;
}

async function explainCommand(which: string, flags: ExplainFlags): Promise<void> {
  const { verdict, story, name } = await explained(which, flags);
  if (story === null) throw new CommandError(EXIT.badWorkload, nothingToTell(name, verdict, flags.rule));
  if (flags.svg !== undefined) {
    await writeFile(flags.svg, renderStorySvg(story, { theme: flags.dark === true ? 'dark' : 'light' }));
  }
  const columns = process.stdout.isTTY === true ? (process.stdout.columns ?? COLUMNS) : COLUMNS;
  process.stdout.write(
    flags.json === true
      ? `${JSON.stringify({ schema: 1, story }, null, 2)}\n`
      : storyText(story, { color: useColor, columns: Math.min(columns, 140) }),
  );
  process.exitCode = exitOf(story);
}

function exitOf({ result }: Story): ExitCode {
  return result === 'fail' ? EXIT.durabilityViolation : EXIT.pass;
}

function nothingToTell(name: string, verdict: VerdictResult, rule: string | undefined): string {
  const broken = verdict.rules.filter(({ result }) => result === 'fail' || result === 'allowed');
  const ids = broken.map((each) => each.rule).join(', ');
  if (rule !== undefined && ids !== '') return `${name}: --rule ${rule} was not broken; what was is ${ids}`;
  return `${name}: no promise was broken, so there is nothing to explain: ${verdict.sentence}`;
}

async function explained(which: string, flags: ExplainFlags): Promise<Explained> {
  if (existsSync(which) && statSync(which).isFile()) {
    if (!which.endsWith('.json')) {
      if (isHistory(which)) return explainHistory(which, flags);
      throw new CommandError(EXIT.badWorkload, `${which}: ${EXPECTED}`);
    }
    const plan = planIn(which);
    if (plan !== null) return explainPlan(plan, which, which, flags);
    return explainRun(await findRun(process.cwd(), which), flags);
  }
  if (which.endsWith('.json') || which.endsWith('.ndjson')) {
    throw new CommandError(
      EXIT.badWorkload,
      `${which}: there is no such file; plans of failed seeds are kept in .faultline/plans, \`bench history\` lists runs`,
    );
  }
  return explainRun(await findRun(process.cwd(), which), flags);
}

/** By the start of its header line. */
function isHistory(path: string): boolean {
  return /^\s*\{[^\n]{0,200}"faultline"\s*:\s*"history"/.test(readFileSync(path).subarray(0, 4096).toString('utf8'));
}

/** Null when the file holds something else, such as the record of a run. */
function planIn(path: string): Plan | null {
  const text = readFileSync(path, 'utf8');
  if (/"status"\s*:/.test(text.slice(0, 200_000)) && /"verdict"\s*:/.test(text.slice(0, 200_000))) return null;
  try {
    return parsePlan(text);
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    const hint = /"workload"\s*:/.test(text) ? `as a plan: ${error.message}` : EXPECTED;
    throw new CommandError(EXIT.badWorkload, `${path}: ${hint}`);
  }
}

async function explainPlan(plan: Plan, name: string, path: string, flags: ExplainFlags): Promise<Explained> {
  const progress = createProgress(flags.json !== true);
  try {
    const told = await storyOfPlan({
      plan,
      replay: `bench replay ${path}`,
      ...(flags.rule === undefined ? {} : { rule: flags.rule }),
      onProgress: ({ phase, virtualSeconds }) =>
        progress.update(`replaying: ${phase}, ${virtualSeconds.toFixed(1)} virtual s`),
    });
    return { ...told, name };
  } finally {
    progress.clear();
  }
}

/** A simulated run has its plan beside its record; of any other the record is all there is. */
async function explainRun(record: RunRecord, flags: ExplainFlags): Promise<Explained> {
  const { id, verdict } = record;
  if (existsSync(join(runDirectory(process.cwd(), id), PLAN_FILE))) {
    const { plan, path } = readPlan(process.cwd(), id);
    return explainPlan(plan, id, relative(process.cwd(), path), flags);
  }
  return { verdict, story: storyOfRecord(record, flags.rule), name: id };
}

/** Read twice: for the verdict, then for the rows that concern its witness. */
async function explainHistory(path: string, flags: ExplainFlags): Promise<Explained> {
  try {
    const { header, end, faults, result: verdict } = await judgedHistory(path);
    const rule = ruleToTell(verdict, flags.rule);
    if (rule === null) return { verdict, story: null, name: path };
    const example = rule.examples.find((each) => each.offset !== undefined) ?? rule.examples[0] ?? null;
    const key = example === null ? null : witnessKey(header.names, example);
    const rows = key === null ? null : new WitnessRows(header.names, key);
    if (rows !== null) await readHistory(linesOf(createReadStream(path)), [], () => rows);
    const { clause, clauseText = '', prevention = '' } = rule;
    const story = tell({
      rule: rule.rule,
      result: rule.result,
      finding: verdict.sentence,
      clause: rule.result === 'fail' || clause === undefined ? null : { id: clause, text: clauseText, prevention },
      example,
      rows: rows?.found ?? [],
      replicas: [],
      control: (end.control ?? []).filter(({ partition }) => partition === key?.partition),
      faults,
      replay: `bench verdict ${path}`,
      source: 'history',
    });
    return { verdict, story, name: path };
  } catch (error) {
    if (error instanceof HistoryFileError || error instanceof ContractError) {
      throw new CommandError(EXIT.badWorkload, `${path}: ${error.message}`);
    }
    throw error;
  }
}
