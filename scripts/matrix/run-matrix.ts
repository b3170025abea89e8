import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type MatrixFigures, type MatrixResult, matrixFigures } from '../../reports/matrix.ts';
import { EXIT, type ExitCode, type RunRecord } from '../../reports/run-record.ts';
import { type MatrixAxis, type MatrixCell, matrixCells } from '../../workloads/matrix.ts';
import { CommandError } from '../exit.ts';

export interface MatrixPlan {
  readonly workload: string;
  readonly target: string;
  readonly axes: readonly MatrixAxis[];
  /** Of the file, its overrides and everything else that makes the runs: results are resumed only for the same. */
  readonly hash: string;
  /** Where the results are kept as they come. */
  readonly ledger: string;
  readonly resume: boolean;
  readonly startedAt: string;
  readonly signal: AbortSignal;
  readonly run: (cell: MatrixCell) => Promise<RunRecord>;
  readonly onCell: (cell: MatrixCell, done: number, planned: number) => void;
}

/** Runs every combination that has no result yet, one after another; ends early, with what there is, when asked to. */
export async function runMatrix(plan: MatrixPlan): Promise<MatrixResult> {
  const cells = matrixCells(plan.axes);
  const done = new Map(openLedger(plan).map((figures) => [figures.index, figures]));
  for (const cell of cells) {
    if (done.has(cell.index)) continue;
    if (plan.signal.aborted) break;
    plan.onCell(cell, done.size, cells.length);
    let record: RunRecord;
    try {
      record = await plan.run(cell);
    } catch (error) {
      // A run that Ctrl-C has ended before it had figures is one to run again.
      if (plan.signal.aborted) break;
      throw error;
    }
    if (record.status.kind === 'interrupted') break;
    const figures = matrixFigures(cell, record);
    done.set(cell.index, figures);
    appendFileSync(plan.ledger, `${JSON.stringify(figures)}\n`);
  }
  const { workload, target, axes, startedAt } = plan;
  const found = [...done.values()];
  const exit =
    found.length < cells.length
      ? worst([...found.map((each) => each.exit), EXIT.inconclusive])
      : worst(found.map((each) => each.exit));
  return { schema: 1, workload, target, startedAt, exit, axes, planned: cells.length, cells: found };
}

/** Durability outranks a failed run, which outranks thresholds and what is inconclusive. */
function worst(exits: readonly ExitCode[]): ExitCode {
  const order = [EXIT.durabilityViolation, EXIT.runFailed, EXIT.badWorkload, EXIT.thresholdBreached, EXIT.regression];
  return [...order, EXIT.inconclusive].find((code) => exits.includes(code)) ?? EXIT.pass;
}

/** One line a result, after a first one that says of what. A last line that was cut off is a run to make again. */
function openLedger({ ledger, hash, resume }: MatrixPlan): MatrixFigures[] {
  const head = JSON.stringify({ schema: 1, matrix: hash });
  if (!resume || !existsSync(ledger)) {
    mkdirSync(dirname(ledger), { recursive: true });
    writeFileSync(ledger, `${head}\n`);
    return [];
  }
  const [first = '', ...lines] = readFileSync(ledger, 'utf8').split('\n');
  if (first !== head) {
    throw new CommandError(
      EXIT.badWorkload,
      `${ledger}: these results are of another file or other flags; without --resume the matrix is run anew`,
    );
  }
  const found: MatrixFigures[] = [];
  for (const line of lines) {
    try {
      if (line !== '') found.push(JSON.parse(line) as MatrixFigures);
    } catch {
      break;
    }
  }
  writeFileSync(ledger, `${[head, ...found.map((each) => JSON.stringify(each))].join('\n')}\n`);
  return found;
}
