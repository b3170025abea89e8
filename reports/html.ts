import { costs } from './fault-cost.ts';
import { environment, faults, replay, warnings } from './html/circumstances.ts';
import { comparisonOf, figureOf, latencies, rateSearch, telemetryPanel, tiles } from './html/figures.ts';
import { header, rulesAndThresholds, storyOf } from './html/verdict.ts';
import { verdictWord } from './labels.ts';
import { page } from './page.ts';
import type { RunRecord } from './run-record.ts';

/** The report of a run: one HTML page with everything in it, no script, no request to anywhere. Never throws on text. */
export async function renderReport(record: RunRecord, against?: RunRecord): Promise<string> {
  const hasSpectrum = (record.spectra.publish?.length ?? 0) + (record.spectra.endToEnd?.length ?? 0) > 1;
  const parts = [
    header(record),
    warnings(record),
    tiles(record),
    await rateSearch(record),
    costs(record),
    await rulesAndThresholds(record),
    storyOf(record),
    latencies(record),
    against === undefined ? '' : await comparisonOf(record, against),
    hasSpectrum
      ? await figureOf(
          record,
          'spectrum',
          'Percentile spectrum',
          'Latency in milliseconds that a share of all records did not exceed. Each step to the right on the axis is ten times rarer; the line ends where fewer than ten samples lie beyond.',
        )
      : '',
    record.series.length > 1
      ? await figureOf(
          record,
          'timeline',
          'Over time',
          `Seconds since the start. Grey: warm-up and drain, not measured.${record.faults.length > 0 ? ' Purple: faults, in every panel.' : ''}`,
        )
      : '',
    faults(record),
    await telemetryPanel(record),
    environment(record),
    replay(record),
  ];
  const title = `${verdictWord(record.verdict.result)}: ${record.workload} (${record.target}, seed ${record.seed})`;
  return page.whole(title, parts.filter((part) => part !== '').join('\n'));
}
