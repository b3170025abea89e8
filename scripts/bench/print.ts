import type { Environment } from '../../reports/run-record.ts';
import { type Figure, type Judgement, judge, ratioOf, type Target } from './figure.ts';

/** What goes into the store and comes out of `--json`. */
export interface BenchRecord {
  readonly schema: 1;
  readonly startedAt: string;
  readonly seconds: number;
  readonly options: {
    readonly pairs: number;
    readonly quick: boolean;
    readonly peers: boolean;
    readonly only: string | null;
  };
  readonly environment: Environment;
  /** Load averages when the suite began and when it ended: what else this machine was doing. */
  readonly load: { readonly before: readonly number[]; readonly after: readonly number[] };
  readonly interrupted: boolean;
  readonly figures: readonly (Figure & { readonly judgement: Judgement })[];
  readonly failures: readonly { readonly line: string; readonly reason: string }[];
}

export function fingerprint(record: Pick<BenchRecord, 'environment' | 'load'>): string {
  const { cores, cpu, memoryBytes, kernel, governor, node, commit, dirty } = record.environment;
  const parts = [
    `${cores} × ${cpu ?? 'unknown CPU'}`,
    memoryBytes === undefined ? '' : `${(memoryBytes / 2 ** 30).toFixed(0)} GiB`,
    kernel === undefined ? '' : `Linux ${kernel}`,
    governor === undefined ? '' : `governor ${governor}`,
    `Node ${node}`,
    `commit ${commit.slice(0, 10)}${dirty ? ' with changes' : ''}`,
    `load ${record.load.before[0]?.toFixed(1)} before, ${record.load.after[0]?.toFixed(1)} after`,
  ];
  return parts.filter(Boolean).join(' · ');
}

export function number(value: number): string {
  if (Math.abs(value) >= 10_000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

const targetText = (target: Target | null): string =>
  target === null ? '' : `${target.relation} ${number(target.limit)}${target.of === 'ratio' ? ' ×' : ''}`;

function peerText({ peer }: Figure): string {
  if (peer.kind === 'none') return '–';
  return peer.kind === 'measured' ? number(peer.value) : `(${number(peer.value)})`;
}

function ratioText(figure: Figure): string {
  const ratio = ratioOf(figure);
  if (ratio === null) return '–';
  if (figure.peer.kind === 'quoted') return `(${number(ratio)})`;
  const interval = figure.peer.kind === 'measured' ? figure.peer.ratio.interval : null;
  return interval === null ? number(ratio) : `${number(ratio)} [${number(interval.low)}, ${number(interval.high)}]`;
}

const JUDGEMENT_TEXT: Record<Judgement, string> = { met: 'met', missed: 'MISSED', open: '' };

export function table(record: BenchRecord): string {
  const header = ['', 'unit', 'ours', 'Kafka', 'ratio [95 % CI]', 'target', ''];
  const rows = record.figures.map((figure) => [
    figure.title,
    figure.unit,
    number(figure.ours),
    peerText(figure),
    ratioText(figure),
    targetText(figure.target),
    JUDGEMENT_TEXT[figure.judgement],
  ]);
  const widths = header.map((text, column) => Math.max(text.length, ...rows.map((row) => row[column]!.length)));
  const isRight = (column: number): boolean => column >= 2 && column <= 4;
  const draw = (row: readonly string[]): string =>
    row
      .map((text, column) => (isRight(column) ? text.padStart(widths[column]!) : text.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd();
  const notes = record.figures.filter(({ note }) => note !== undefined).map(({ title, note }) => `${title}: ${note}`);
  const failures = record.failures.map(({ line, reason }) => `no figure for ${line}: ${reason}`);
  const quoted = record.figures.filter(({ peer }) => peer.kind === 'quoted');
  const quotes = [...new Set(quoted.map(({ peer }) => (peer.kind === 'quoted' ? peer.name : '')))];
  const lines = [
    fingerprint(record),
    '',
    ...(rows.length === 0 ? [] : [draw(header), ...rows.map(draw)]),
    '',
    ...(quotes.length === 0 ? [] : [`(…) measured elsewhere, not in this run: ${quotes.join('; ')}`]),
    ...(record.figures.some(({ peer }) => peer.kind === 'measured') && record.options.pairs < 8
      ? [`${record.options.pairs} pair(s): an orientation; --pairs 8 or more for a decision`]
      : []),
    ...notes,
    ...failures,
    ...(record.interrupted ? ['interrupted: this is what was measured until then'] : []),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

export function judged(figures: readonly Figure[]): (Figure & { judgement: Judgement })[] {
  return figures.map((figure) => ({ ...figure, judgement: judge(figure) }));
}
