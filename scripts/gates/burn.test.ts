import { expect, test } from 'vitest';
import { burnUs } from './burn.ts';

const phases = [
  { name: 'warmup', fromSeconds: 0, toSeconds: 2 },
  { name: 'measure', fromSeconds: 2, toSeconds: 4 },
] as const;
const point = (t: number, cpuMs: number, requests: number, seconds?: number) => ({
  ...{ t, cpuMs, requests, loopLagMsP99: 0, loopLagMsMax: 0, gcMs: 0, gcMsMax: 0, heapBytes: 0, utilization: 0 },
  ...(seconds === undefined ? {} : { seconds }),
});

test('a request costs what the broker worked in the measured part, and burns its share of that', () => {
  const broker = {
    part: 'broker 1',
    points: [
      point(2, 900, 100),
      point(2.5, 50, 500, 0.5),
      point(3.5, 100, 1000),
      point(4, 50, 500, 0.5),
      point(5, 700, 1),
    ],
  };
  const load = { part: 'load thread 1', points: [point(3, 5000, 3)] };
  expect(burnUs({ telemetry: [load, broker], phases }, 0.1)).toEqual({ requestUs: 100, burnUs: 10 });
  expect(() => burnUs({ telemetry: [load], phases }, 0.1)).toThrow('no broker told');
});
