import { figure } from './figure.ts';
import { page } from './page.ts';
import type { RunFault, RunRecord, SeriesPoint } from './run-record.ts';

/** What one fault cost, as far as the seconds around it tell. Latencies are publish, milliseconds. */
export interface FaultCost {
  readonly fault: RunFault;
  /** Median second of the ten before: its p50; null where nothing was acknowledged then. */
  readonly beforeP50: number | null;
  /** The slowest publish from its start until all was as before, or until the next fault. */
  readonly worst: number | null;
  /** The same median of the ten seconds after it was as before. */
  readonly afterP50: number | null;
  /** Seconds without a single acknowledgement. */
  readonly silentSeconds: number;
  /** From its start until latency and throughput were as before; null when they were not, up to the next fault. */
  readonly backSeconds: number | null;
}

const { text } = page;

/** Rows of the table. */
const COSTS_MAX = 20;
const WINDOW_SECONDS = 10;
/** As before: a p50 of at most twice what it was, and at least nine tenths of the acknowledgements. */
const SLOWER = 2;
const FEWER = 0.9;

/** One for each fault, in the order of their times. */
export function faultCosts(record: RunRecord): FaultCost[] {
  const loadEnd = record.phases.find(({ name }) => name === 'measure')?.toSeconds ?? Number.POSITIVE_INFINITY;
  const points = record.series.filter(({ t }) => t <= loadEnd);
  const faults = [...record.faults].sort((a, b) => a.atSeconds - b.atSeconds);
  return faults.map((fault, index) => {
    const { atSeconds } = fault;
    const next = faults.slice(index + 1).find((other) => other.atSeconds > atSeconds)?.atSeconds ?? loadEnd;
    const before = points.filter(({ t }) => t <= atSeconds && t > atSeconds - WINDOW_SECONDS);
    const since = points.filter(({ t }) => t > atSeconds && t <= next);
    const beforeP50 = middle(before.flatMap(p50Of));
    const beforeAcked = middle(before.map(({ acked }) => acked));
    const isAsBefore = ({ publish, acked }: SeriesPoint): boolean =>
      publish?.p50 !== undefined &&
      (beforeP50 === null || publish.p50 <= beforeP50 * SLOWER) &&
      (beforeAcked === null || acked >= beforeAcked * FEWER);
    const lastBad = since.findLastIndex((point) => !isAsBefore(point));
    const isBack = lastBad < since.length - 1;
    const after = since.slice(lastBad + 1, lastBad + 1 + WINDOW_SECONDS);
    const hurt = lastBad === -1 ? since.slice(0, 1) : since.slice(0, lastBad + 1);
    const maxima = hurt.flatMap(({ publish }) => (publish?.max === undefined ? [] : [publish.max]));
    return {
      fault,
      beforeP50,
      worst: maxima.length === 0 ? null : Math.max(...maxima),
      afterP50: middle(after.flatMap(p50Of)),
      silentSeconds: since.filter(({ acked }) => acked === 0).length,
      backSeconds: !isBack ? null : lastBad === -1 ? 0 : Math.max(0, since[lastBad]!.t - atSeconds),
    };
  });
}

const COST_HEADS: readonly string[] = [
  'Fault',
  'From',
  'Leaders moved',
  'No acks',
  'p50 before',
  'Slowest',
  'p50 after',
  'As before',
];

function costRow({ fault, ...cost }: FaultCost): string[] {
  const shown = (value: number | null): string => (value === null ? '–' : figure(value));
  return [
    `${fault.kind}, ${fault.target}`,
    fault.at,
    fault.leaderMoves === undefined ? '–' : String(fault.leaderMoves),
    `${cost.silentSeconds} s`,
    shown(cost.beforeP50),
    shown(cost.worst),
    shown(cost.afterP50),
    cost.backSeconds === null ? 'not again' : `after ${figure(cost.backSeconds)} s`,
  ];
}

/** The answer in one sentence. */
function costSentence(record: RunRecord, costs: readonly FaultCost[]): string {
  const durable = record.verdict.rules.find(({ rule }) => rule === 'P1');
  const lost = durable === undefined ? null : durable.violations + durable.excused;
  const [worst] = [...costs].sort((a, b) => (b.worst ?? 0) - (a.worst ?? 0));
  const records =
    lost === null ? '' : `${lost === 0 ? 'No' : lost.toLocaleString('en-US')} acknowledged records lost. `;
  if (worst?.worst == null) return records.trim();
  const { fault } = worst;
  return `${records}Dearest: ${fault.kind} of ${fault.target} at ${fault.at}, slowest publish ${figure(worst.worst)} ms.`;
}

/** The section of a report: the answer in a sentence, then a row for each fault. */
export function costs(record: RunRecord): string {
  const known = faultCosts(record).filter(({ fault }) => fault.confirmed);
  if (known.length === 0 || record.series.length < 2) return '';
  const heads = COST_HEADS.map((head, column) => `<th${column === 0 ? '' : ' class="number"'}>${text(head)}</th>`);
  const rows = known.slice(0, COSTS_MAX).map((cost) => {
    const [name, ...cells] = costRow(cost);
    const rest = cells.map((cell) => `<td class="number">${text(cell)}</td>`).join('');
    return `<tr><th scope="row">${text(name!)}</th>${rest}</tr>`;
  });
  const more = known.length > COSTS_MAX ? ` The first ${COSTS_MAX} of ${known.length} are shown.` : '';
  return `<section><h2>What each fault cost</h2><p>${text(costSentence(record, known))}</p><div class="scroll"><table class="figures"><thead><tr>${heads.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div><p class="note">Publish latency in milliseconds and acknowledgements, by seconds: the ten before the fault, those until both were as before, the ten after.${more}</p></section>`;
}

function p50Of({ publish }: SeriesPoint): number[] {
  return publish?.p50 === undefined ? [] : [publish.p50];
}

function middle(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0 ? null : sorted[Math.floor((sorted.length - 1) / 2)]!;
}
