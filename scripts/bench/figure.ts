import type { Ratio } from './statistics.ts';

/** One line of the table: what was measured, what it is held against, and what we want of it. */
export interface Figure {
  /** Stable: `produce-100.rate`. */
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  /** The median of `samples.ours`. */
  readonly ours: number;
  readonly peer: Peer;
  readonly target: Target | null;
  readonly samples: { readonly ours: readonly number[]; readonly theirs: readonly number[] };
  readonly note?: string;
}

export type Peer =
  /** The other arm of this very run. */
  | { readonly kind: 'measured'; readonly name: string; readonly value: number; readonly ratio: Ratio }
  /** Measured elsewhere: an orientation, not a comparison. */
  | { readonly kind: 'quoted'; readonly name: string; readonly value: number }
  | { readonly kind: 'none' };

export type Target =
  /** Of the ratio to the peer. */
  | { readonly of: 'ratio'; readonly relation: '≥' | '≤'; readonly limit: number }
  | { readonly of: 'value'; readonly relation: '≥' | '≤'; readonly limit: number };

export type Judgement = 'met' | 'missed' | 'open';

/** `open`: there is no target, or no peer in this run to hold the figure against. */
export function judge(figure: Pick<Figure, 'ours' | 'peer' | 'target'>): Judgement {
  const { target } = figure;
  if (target === null) return 'open';
  const value = target.of === 'value' ? figure.ours : ratioOf(figure);
  if (value === null || Number.isNaN(value)) return 'open';
  return (target.relation === '≥' ? value >= target.limit : value <= target.limit) ? 'met' : 'missed';
}

export function ratioOf({ ours, peer }: Pick<Figure, 'ours' | 'peer'>): number | null {
  if (peer.kind === 'measured') return peer.ratio.median;
  return peer.kind === 'quoted' ? ours / peer.value : null;
}

/** A part of the suite that runs as a whole. */
export interface Line {
  readonly name: string;
  readonly title: string;
  run(context: Context): Promise<Figure[]>;
}

export interface Context {
  readonly pairs: number;
  /** Shorter loads: to see that everything runs, not to read the figures. */
  readonly quick: boolean;
  /** Whether Apache Kafka is started beside ours. */
  readonly peers: boolean;
  readonly signal: AbortSignal;
  progress(text: string): void;
  /** A line that has no figure, and why; the others go on. */
  failed(line: string, error: unknown): void;
}

/** A figure of one kind of thing, measured here alone. */
export function plainFigure(
  name: string,
  title: string,
  unit: string,
  samples: readonly number[],
  ours: number,
  rest: { target?: Target; quoted?: { name: string; value: number }; note?: string } = {},
): Figure {
  const { target = null, quoted, note } = rest;
  return {
    name,
    title,
    unit,
    ours,
    peer: quoted === undefined ? { kind: 'none' } : { kind: 'quoted', ...quoted },
    target,
    samples: { ours: samples, theirs: [] },
    ...(note === undefined ? {} : { note }),
  };
}
