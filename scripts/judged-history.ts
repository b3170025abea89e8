import { createReadStream } from 'node:fs';
import { linesOf, type ReadEnd, type ReadHeader, readHistory } from '../reports/history/reader.ts';
import { contract } from '../reports/verdict/contract.ts';
import type { LoggedFault } from '../reports/verdict/faults.ts';
import type { VerdictResult } from '../reports/verdict/result.ts';
import { Verdict } from '../reports/verdict/verdict.ts';

/** A history file of ours under our rules; it is streamed. @throws HistoryFileError, ContractError */
export async function judgedHistory(path: string): Promise<{
  readonly header: ReadHeader;
  readonly end: ReadEnd;
  readonly faults: readonly LoggedFault[];
  readonly result: VerdictResult;
}> {
  const faults: LoggedFault[] = [];
  let judging: { header: ReadHeader; verdict: Verdict } | null = null;
  const end = await readHistory(linesOf(createReadStream(path)), faults, (header) => {
    const verdict = new Verdict(header.names, contract(header.configs, faults), faults);
    judging = { header, verdict };
    return verdict;
  });
  const { header, verdict } = judging!;
  return { header, end, faults, result: verdict.finish(end) };
}
