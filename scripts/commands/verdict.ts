import { existsSync, statSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { HistoryFileError } from '../../reports/history/form.ts';
import { EXIT, type ExitCode } from '../../reports/run-record.ts';
import { ContractError } from '../../reports/verdict/contract.ts';
import { isTolerated, underJepsenNames } from '../../reports/verdict/jepsen/allowed.ts';
import { JepsenHistoryError, type JepsenJudgement, judgeJepsen } from '../../reports/verdict/jepsen.ts';
import type { VerdictResult } from '../../reports/verdict/result.ts';
import { lineOf } from '../../reports/verdict/tally.ts';
import { CommandError } from '../exit.ts';
import { judgedHistory } from '../judged-history.ts';

interface VerdictFlags {
  profile?: string;
  json?: boolean;
}

/** A file of cases is held in memory as a whole; a history of ours is not. */
const CASES_MAX_BYTES = 512 * 1024 * 1024;

export function registerVerdict(program: Command): void {
  program
    .command('verdict')
    .argument('<history>', 'a history (one JSON object a line), or a JSON list of cases of Jepsen’s Kafka workload')
    .description('Judge a history that somebody recorded: by our rules, or under the names that Jepsen uses.')
    .option('--profile <name>', '`jepsen`: name what is found as Jepsen does; a list of cases always is')
    .option('--json', 'print JSON and nothing else: the verdict, or a list with the anomalies of each case')
    .addHelpText(
      'after',
      `
A history is written by \`bench run FILE --history history.ndjson\`; \`bench schema --history\` describes each line.

Examples:
  bench verdict history.ndjson
  bench verdict cases.json --profile jepsen --json`,
    )
    .action(verdictCommand);
}

async function verdictCommand(path: string, flags: VerdictFlags): Promise<void> {
  if (flags.profile !== undefined && flags.profile !== 'jepsen') {
    throw new CommandError(EXIT.badWorkload, `--profile ${flags.profile}: the one profile is jepsen`);
  }
  if (!existsSync(path) || !statSync(path).isFile()) {
    throw new CommandError(EXIT.badWorkload, `${path}: there is no such file`);
  }
  try {
    process.exitCode = (await isOurs(path)) ? await judgeHistory(path, flags) : await judgeCases(path, flags);
  } catch (error) {
    const isRefusal =
      error instanceof HistoryFileError || error instanceof JepsenHistoryError || error instanceof ContractError;
    if (isRefusal) throw new CommandError(EXIT.badWorkload, `${path}: ${error.message}`);
    throw error;
  }
}

/** By the first line: a header of ours, or anything else. */
async function isOurs(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, 0);
    return /^\s*\{[^\n]{0,200}"faultline"\s*:\s*"history"/.test(buffer.subarray(0, bytesRead).toString('utf8'));
  } finally {
    await file.close();
  }
}

async function judgeHistory(path: string, flags: VerdictFlags): Promise<ExitCode> {
  const { header, result } = await judgedHistory(path);
  if (flags.profile === 'jepsen') {
    const judgement: JepsenJudgement = { name: header.workload, anomalies: underJepsenNames(result) };
    print(flags, [judgement], () => casesText([judgement]));
  } else {
    const { workload, target, seed } = header;
    const exit = exitOf(result);
    print(flags, { schema: 1, workload, target, seed, exit, verdict: result }, () => historyText(result));
  }
  return exitOf(result);
}

function exitOf({ result }: VerdictResult): ExitCode {
  if (result === 'fail') return EXIT.durabilityViolation;
  return result === 'unknown' ? EXIT.inconclusive : EXIT.pass;
}

async function judgeCases(path: string, flags: VerdictFlags): Promise<ExitCode> {
  if (statSync(path).size > CASES_MAX_BYTES) {
    throw new CommandError(EXIT.badWorkload, `${path}: cases of more than ${CASES_MAX_BYTES} bytes`);
  }
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(EXIT.badWorkload, `${path}: neither a history of ours nor a JSON list of cases: ${reason}`);
  }
  const cases: readonly unknown[] = Array.isArray(value) ? value : [value];
  const judgements = cases.map((testCase, index) => {
    try {
      return judgeJepsen(testCase);
    } catch (error) {
      if (error instanceof JepsenHistoryError) throw new JepsenHistoryError(`case ${index}: ${error.message}`);
      throw error;
    }
  });
  print(flags, judgements, () => casesText(judgements));
  if (judgements.some((judgement, index) => isViolated(judgement, cases[index]))) return EXIT.durabilityViolation;
  return judgements.some(({ unknown }) => unknown !== undefined) ? EXIT.inconclusive : EXIT.pass;
}

/** Jepsen tolerates some anomalies, depending on how the case was run. */
function isViolated({ anomalies }: JepsenJudgement, testCase: unknown): boolean {
  const { options, history } = testCase as {
    options?: { wwDeps?: unknown } | null;
    history: readonly { f?: unknown }[];
  };
  const wwDeps = options?.wwDeps === true;
  const subscribes = history.some(({ f }) => f === 'subscribe');
  return Object.keys(anomalies).some((name) => !isTolerated(name, { wwDeps, subscribes }));
}

function print(flags: VerdictFlags, value: unknown, text: () => string): void {
  process.stdout.write(flags.json === true ? `${JSON.stringify(value, null, 2)}\n` : text());
}

function historyText(verdict: VerdictResult): string {
  const shown = verdict.rules.filter((rule) => rule.checked > 0 || rule.result !== 'pass');
  const lines = shown.map((rule) => lineOf(rule.rule, null, rule, rule.examples[0], undefined));
  return `${verdict.sentence}\n\n${lines.join('\n')}\n`;
}

function casesText(judgements: readonly JepsenJudgement[]): string {
  const lines = judgements.flatMap(({ name, anomalies, unknown = [] }) => {
    const found = Object.entries(anomalies).map(([type, list]) => `${list.length} ${type}`);
    const [first] = unknown;
    const details = Object.entries(anomalies).flatMap(([type, list]) =>
      list.slice(0, 3).map((each) => `  ${type}: ${JSON.stringify(each)}`),
    );
    const undecided = first === undefined ? [] : [`  unknown: ${first}${unknown.length > 1 ? ', …' : ''}`];
    return [`${name}: ${found.length === 0 ? 'no anomaly' : found.join(', ')}`, ...details, ...undecided];
  });
  return `${lines.join('\n')}\n`;
}
