import { expect, test } from 'vitest';
import { renderReport } from './html.ts';
import { toJson } from './run-record.ts';
import { figuresOf } from './store/figures.ts';
import { syntheticRecord } from './synthetic-record.ts';
import { type TelemetryPoint, telemetrySummary } from './telemetry.ts';

const point = (t: number, change: Partial<TelemetryPoint> = {}): TelemetryPoint => ({
  t,
  loopLagMsP99: 1,
  loopLagMsMax: 2,
  gcMs: 10,
  gcMsMax: 5,
  heapBytes: 50e6,
  utilization: 0.5,
  ...change,
});

const seconds = Array.from({ length: 60 }, (_, second) => second + 1);
const measured = {
  ...syntheticRecord('pass'),
  target: 'local' as const,
  telemetry: [
    {
      part: 'broker 1',
      points: seconds.map((t) =>
        point(t, {
          cpuMs: 200,
          recordsPerBatch: 40,
          queueMsP99: 0.2,
          ...(t === 30 ? { loopLagMsMax: 180, gcMsMax: 170, gcMs: 200 } : {}),
          // Before the measured part: not its.
          ...(t === 2 ? { loopLagMsMax: 900 } : {}),
        }),
      ),
    },
    { part: 'load thread 1', points: seconds.map((t) => point(t)) },
  ],
};

const told = (telemetry: (typeof measured)['telemetry']) => ({
  ...measured,
  telemetry,
  telemetrySummary: telemetrySummary({ ...measured, telemetry }),
});
const record = told(measured.telemetry);

test('the worst second and the usual ones, of the measured part', () => {
  const [broker, load] = telemetrySummary(record);
  expect(broker).toMatchObject({
    part: 'broker 1',
    loopLagMsMax: 180,
    gcMsMax: 170,
    recordsPerBatch: 40,
    queueMsP99: 0.2,
  });
  // 200 ms a second for the 20,000 records that were asked for, fewer of which came through.
  expect(broker!.cpuUsPerRecord).toBeGreaterThan(10);
  expect(broker!.cpuUsPerRecord).toBeLessThan(11.5);
  expect(load).not.toHaveProperty('recordsPerBatch');
  expect(figuresOf(record).find(({ name }) => name === 'broker.cpu')?.value).toBe(broker!.cpuUsPerRecord);
  const [first, second] = record.telemetry;
  const silent = told([{ ...first!, points: second!.points }]);
  expect(figuresOf(silent).some(({ name }) => name === 'broker.cpu')).toBe(false);
});

test('a run without a measured part tells what a record cost over all of it', () => {
  const phases = measured.phases.filter(({ name }) => name !== 'measure');
  const [broker] = telemetrySummary({ ...measured, phases });
  expect(broker!.cpuUsPerRecord).toBe(Number((200_000 / measured.metrics.throughput.acked).toPrecision(5)));
});

test('the page shows the panel where there is something to show; what machines read has the summary', async () => {
  const page = await renderReport(record);
  expect(page).toContain('<h2>Telemetry</h2>');
  expect(page).toContain('Records in a batch');
  expect(JSON.parse(toJson(record)).telemetrySummary).toEqual(telemetrySummary(record));
  const load = told(record.telemetry.slice(1));
  const without = await renderReport(load);
  expect(without).toContain('Longest stall of the event loop');
  expect(without).not.toContain('Records in a batch');
  expect(await renderReport(syntheticRecord('pass'))).not.toContain('Telemetry');
});
