import type { ComparedFigure, RowResult } from './compare.ts';
import { PAIRS_MIN } from './statistics.ts';

export interface Sentenced {
  readonly result: RowResult;
  readonly figures: readonly ComparedFigure[];
  readonly durability: { readonly a: string; readonly b: string };
  readonly pairs: number;
  /** Pairs in which the load generator fell behind. */
  readonly disturbed: number;
}

/** What a comparison has found, in one line: which figure, how much, how sure. */
export function sentenceOf({ result, figures, durability, pairs, disturbed }: Sentenced): string {
  if (durability.b === 'fail') return 'DURABILITY VIOLATION in b; its figures mean nothing';
  const named = figures.filter((figure) => figure.gated && figure.result === result).map(findingOf);
  switch (result) {
    case 'regressed':
      return `REGRESSED: ${named.join('; ')}`;
    case 'improved':
      return `IMPROVED: ${named.join('; ')}`;
    case 'unstable':
      return `UNSTABLE: ${named.join('; ')}: run more pairs, or quieten the machine`;
    case 'undecided':
      if (disturbed > 0 && pairs >= PAIRS_MIN)
        return `UNDECIDED: the load generator fell behind in ${disturbed} of ${pairs} pairs, whose latencies are not the brokers'; nothing else got worse`;
      return `UNDECIDED: ${pairs === 1 ? 'one run of each arm says' : `${pairs} pairs say`} nothing about wall-clock figures; --pairs ${PAIRS_MIN} or more decides`;
    case 'changed': {
      const changed = figures.filter((figure) => figure.exact && figure.result === 'changed');
      return `CHANGED: ${changed.length} simulated figures differ, none for the worse by more than its smallest effect`;
    }
    case 'same':
      return figures.some(({ exact }) => !exact) && pairs > 1
        ? `SAME: no gated figure moved by more than its smallest effect over ${pairs} pairs`
        : 'SAME: every simulated figure is equal';
  }
}

/** `publish.p99 14.9 % slower, 95 % sure of 9.0 to 21.0 %, p = 0.0012`. */
export function findingOf(figure: ComparedFigure): string {
  const { name, ratio, interval, better } = figure;
  if (ratio === null) return name;
  const share = (value: number) => `${(Math.abs(value - 1) * 100).toFixed(1)} %`;
  const [above, below] = better === 'lower' && name !== 'broker.cpu' ? ['slower', 'faster'] : ['more', 'less'];
  const word = ratio > 1 ? above : below;
  if (interval === null) return `${name} ${share(ratio)} ${word}, exact`;
  const signed = (value: number) => `${value >= 1 ? '+' : '−'}${share(value)}`;
  return `${name} ${share(ratio)} ${word} (95 % interval ${signed(interval.low)} to ${signed(interval.high)}, p = ${interval.p.toFixed(4)})`;
}
