import { join } from 'node:path';
import type { RunRecord } from '../../../reports/run-record.ts';
import { childRun } from '../../child-run.ts';
import { packageRoot } from '../../package.ts';
import { startOurs, startTheirs } from '../arms.ts';
import { type Context, type Figure, type Line, plainFigure } from '../figure.ts';
import { median } from '../statistics.ts';

/** Several searches on one idle broker, and whether a fixed rate of 0.95 of their answer holds for longer than any probe. */
const SEARCHES = 3;
const SHARE = 0.95;
const LIMIT_MS = 50;
const FILE = join(packageRoot, 'workloads', 'throughput.yaml');
const OMB = 'OpenMessaging Benchmark: the highest of four answers over the lowest';

async function run(context: Context): Promise<Figure[]> {
  await using cluster = await (context.peers ? startTheirs(1) : startOurs(1));
  const bench = (flags: readonly string[], label: string): Promise<RunRecord> =>
    childRun({
      bench: join(packageRoot, 'scripts', 'bench.js'),
      file: FILE,
      flags: ['--target', 'kafka', '--bootstrap', cluster.bootstrap, ...flags],
      env: { FAULTLINE_PAIR: '' },
      signal: context.signal,
      label,
    });
  const probe = context.quick ? ['--probe', '1s', '--resolution', '10%'] : ['--probe', '5s'];
  // A broker that has just started compiles while it serves: its rate is another one, and grows from search to search.
  const warm = await bench(['--set', `phases.measure=${context.quick ? 5 : 30}s`], 'the warm-up');
  context.progress(`warm-up: ${Math.round(warm.metrics.throughput.acked)}/s with as many as go through`);
  const rates: number[] = [];
  for (let index = 1; index <= SEARCHES; index++) {
    const { search } = await bench(
      ['--find-max', '--limit', `publish.p99=${LIMIT_MS}ms`, '--from', '50000/s', ...probe],
      `search ${index}`,
    );
    if (search === undefined || search.rate === 0) throw new Error(`search ${index} found no rate that holds`);
    const { rate, limitedBy, confirmation, probes } = search;
    context.progress(
      `search ${index} of ${SEARCHES}: ${rate}/s in ${probes.length} probes, limited by ${limitedBy}; ${confirmation?.rate}/s ${confirmation?.held === true ? 'held' : 'did not hold'} for longer`,
    );
    rates.push(rate);
  }
  const middle = median(rates);
  const fixed = Math.floor(SHARE * Math.min(...rates));
  const held = await bench(
    [
      ...['--set', `producers[0].rate=${fixed}/s`, '--set', `expect.publish.p99=< ${LIMIT_MS}ms`],
      ...['--set', `phases.measure=${context.quick ? 5 : 30}s`],
    ],
    'the fixed rate',
  );
  const p99 = held.metrics.publish?.p99 ?? Number.NaN;
  context.progress(`fixed at ${fixed}/s: exit ${held.exit}, p99 ${p99} ms, the generator ${held.generator?.state}`);
  const broker = context.peers ? 'Apache Kafka' : 'ours';
  const spread = Math.max(...rates) / Math.min(...rates);
  return [
    plainFigure('rate-search.rate', `highest rate that holds, ${broker}`, 'rec/s', rates, middle),
    plainFigure('rate-search.spread', `highest of ${SEARCHES} searches over the lowest`, '×', [spread], spread, {
      target: { of: 'value', relation: '≤', limit: 1.05 },
      quoted: { name: OMB, value: 140 / 47 },
    }),
    plainFigure('rate-search.p99', `p99 at ${SHARE} of the lowest answer, fixed`, 'ms', [p99], p99, {
      target: { of: 'value', relation: '≤', limit: LIMIT_MS },
    }),
  ];
}

export const rateSearchLines: readonly Line[] = [
  {
    name: 'rate-search',
    title: 'several searches for the highest rate of one idle broker, and a fixed run below it',
    run,
  },
];
