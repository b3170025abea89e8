import type { RunRecord } from '../../reports/run-record.ts';
import { withinMeasured } from '../../reports/telemetry.ts';

/**
 * How many microseconds each request has to burn for a broker to take `share` more CPU: of all that its process worked in
 * the measured part. @throws Error when the brokers told nothing of themselves
 */
export function burnUs(
  { telemetry = [], phases }: Pick<RunRecord, 'telemetry' | 'phases'>,
  share: number,
): { readonly requestUs: number; readonly burnUs: number } {
  const within = withinMeasured(phases);
  let cpuUs = 0;
  let requests = 0;
  for (const { part, points } of telemetry) {
    if (!part.startsWith('broker ')) continue;
    for (const { cpuMs = 0, requests: served = 0 } of points.filter(within)) {
      cpuUs += cpuMs * 1000;
      requests += served;
    }
  }
  if (requests === 0 || cpuUs === 0) throw new Error('no broker told what a request costs it');
  const requestUs = cpuUs / requests;
  return { requestUs, burnUs: Number((requestUs * share).toPrecision(3)) };
}
