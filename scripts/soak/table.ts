/** One round of a soak. Latencies are milliseconds. */
export interface SoakSample {
  /** Since the start, at the end of the round. */
  readonly seconds: number;
  /** Records acknowledged a second. */
  readonly acked: number;
  readonly p50: number;
  readonly p99: number;
  readonly residentBytes: number;
  /** Heap and buffers that a forced collection leaves. */
  readonly liveBytes: number;
  readonly files: number;
  /** Whether the load generator kept its schedule; if not, its latencies are not the broker's. */
  readonly keptUp: boolean;
}

export interface SoakFigure {
  readonly title: string;
  readonly of: (sample: SoakSample) => number;
  readonly better: 'lower' | 'higher';
  /** The drift over the whole time that matters. */
  readonly limit: number;
  /** Timed and counted by the load generator, so that rounds in which it fell behind do not count. */
  readonly isOfLoad: boolean;
  readonly shown: (value: number) => string;
}

const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
const ms = (value: number): string => `${value.toFixed(2)} ms`;

/** Latencies scatter even where nothing changes: only a drift by half matters, and less is not seen. */
export const FIGURES: readonly SoakFigure[] = [
  {
    title: 'acknowledged',
    of: ({ acked }) => acked,
    better: 'higher',
    limit: 0.02,
    isOfLoad: true,
    shown: (value) => `${Math.round(value)}/s`,
  },
  { title: 'p50', of: ({ p50 }) => p50, better: 'lower', limit: 0.25, isOfLoad: true, shown: ms },
  { title: 'p99', of: ({ p99 }) => p99, better: 'lower', limit: 0.5, isOfLoad: true, shown: ms },
  {
    title: 'resident',
    of: (sample) => sample.residentBytes,
    better: 'lower',
    limit: 0.1,
    isOfLoad: false,
    shown: mib,
  },
  { title: 'live', of: ({ liveBytes }) => liveBytes, better: 'lower', limit: 0.1, isOfLoad: false, shown: mib },
  { title: 'files', of: ({ files }) => files, better: 'lower', limit: 0.05, isOfLoad: false, shown: String },
];

const WIDTH = 14;

export function soakTable(): string {
  return ['time', ...FIGURES.map(({ title }) => title), 'generator'].map((cell) => cell.padStart(WIDTH)).join('');
}

export function soakRow(sample: SoakSample): string {
  const cells = FIGURES.map(({ of, shown }) => shown(of(sample)));
  const generator = sample.keptUp ? 'kept up' : 'fell behind';
  return [`${sample.seconds.toFixed(0)} s`, ...cells, generator].map((cell) => cell.padStart(WIDTH)).join('');
}
