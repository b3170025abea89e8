import { type HistoryRecorder, tee } from '../reports/history/writer.ts';
import { contract } from '../reports/verdict/contract.ts';
import type { LoggedFault } from '../reports/verdict/faults.ts';
import { Verdict } from '../reports/verdict/verdict.ts';
import { runConfigs } from '../sim/run.ts';
import { rosterOf } from '../workloads/actors/roster.ts';
import type { ClientConfig } from '../workloads/live/client-config.ts';
import { runLive as drive, type LiveOptions } from '../workloads/live/run.ts';
import type { Workload } from '../workloads/workload.ts';
import type { Outcome } from './outcome.ts';
import { bar, grouped, type Progress } from './terminal.ts';

export interface LiveParts extends Pick<LiveOptions, 'on' | 'audited' | 'onSecond' | 'metrics' | 'existingTopics'> {
  readonly progress: Progress;
  readonly interrupted: Promise<void>;
  readonly replay: string;
  readonly client: ClientConfig | null;
  readonly history?: HistoryRecorder;
}

/** Target local or kafka: real processes, real time, the same verdict. */
export async function runLive(
  load: { readonly workload: Workload; readonly files: ReadonlyMap<string, Uint8Array> },
  parts: LiveParts,
): Promise<Outcome> {
  const { workload, files } = load;
  const { progress, interrupted, replay, client, history } = parts;
  const faultLog: LoggedFault[] = [];
  const { names } = rosterOf(workload);
  const verdict = new Verdict(names, contract(runConfigs(workload), faultLog), faultLog, {
    replay,
    pausesReaders: workload.phases.backlog !== null,
  });
  const plannedSeconds = (workload.phases.warmupMs + workload.phases.measureMs) / 1000;
  progress.update(workload.target === 'local' ? 'starting brokers' : 'connecting');
  const live = await drive({
    workload,
    files,
    sink: history === undefined ? verdict : tee(verdict, history),
    ...(client === null ? {} : { common: client.common }),
    interrupted,
    ...(parts.on === undefined ? {} : { on: parts.on }),
    ...(parts.audited === undefined ? {} : { audited: parts.audited }),
    ...(parts.onSecond === undefined ? {} : { onSecond: parts.onSecond }),
    ...(parts.metrics === undefined ? {} : { metrics: parts.metrics }),
    ...(parts.existingTopics === undefined ? {} : { existingTopics: parts.existingTopics }),
    onProgress: ({ phase, seconds, last }) => {
      const rates =
        last === null
          ? ''
          : `  ${grouped(last.acked / last.intervalSeconds)} acked/s  ${grouped(last.consumed / last.intervalSeconds)} consumed/s  p99 ${last.publish?.p99.toFixed(1) ?? '–'} ms`;
      progress.update(`${bar(seconds / plannedSeconds)} ${phase}  ${Math.max(0, seconds).toFixed(0)} s${rates}`);
    },
  });
  faultLog.push(...live.faults);
  const { conducted, measurements, series, faults, missing } = live;
  const problems = [...live.problems];
  if (live.recoveriesMs.length > 0) problems.push(recoveryText(live.recoveriesMs));
  const end = {
    drained: conducted.drained,
    ...(conducted.reason === null ? {} : { reason: conducted.reason }),
    missing,
  };
  history?.end({ ...end, faults: faultLog });
  return {
    verdict: verdict.finish(end),
    conducted,
    measurements,
    series,
    faults,
    problems,
    telemetry: live.telemetry,
    ...(live.library === null ? {} : { client: { package: live.library.package, version: live.library.version } }),
  };
}

function recoveryText(recoveriesMs: readonly number[]): string {
  const sorted = [...recoveriesMs].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)]!;
  return `brokers were started ${sorted.length} times: ${middle.toFixed(0)} ms from process start to answering (median), ${sorted.at(-1)!.toFixed(0)} ms at most`;
}
