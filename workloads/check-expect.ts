import { isMap } from 'yaml';
import type { WorkloadFile } from './file.ts';
import { placeOf } from './object-schema.ts';
import { below, type Place, report } from './schema.ts';
import { producerSettings } from './settings.ts';
import type { Expectation, Workload } from './workload.ts';

/** A threshold on something that this workload never measures would pass in silence. */
export function checkExpectations(file: WorkloadFile, workload: Workload, root: Place): void {
  const place = placeOf(file, 'expect');
  for (const expectation of file.expect) {
    const missing = notMeasured(expectation, workload);
    if (missing === null) continue;
    const at = lineOf(place ?? root, expectation.name);
    report(at, 'reference', `${at.path}: ${missing}`);
  }
}

function notMeasured(expectation: Expectation, workload: Workload): string | null {
  if (expectation.kind === 'durability') return null;
  const { metric, statistic } = expectation;
  const acked = workload.producers.some((producer) => producer.count > 0 && producerSettings(producer).acks !== 0);
  if (metric === 'transaction') {
    return workload.producers.some(({ transaction }) => transaction !== null) ? null : 'no producer has transaction';
  }
  if (metric === 'commit') {
    return workload.consumers.some(({ group }) => group !== null)
      ? null
      : 'no consumer has a group, so nothing is committed';
  }
  if (metric === 'endToEnd' || metric === 'fetch' || statistic === 'consumed') {
    return workload.consumers.length > 0 ? null : 'there are no consumers';
  }
  if (metric === 'publish' || metric === 'publishService' || statistic === 'acked' || statistic === 'bytes') {
    return acked ? null : 'no producer waits for acknowledgements';
  }
  return workload.producers.length > 0 ? null : 'there are no producers';
}

function lineOf(place: Place, name: string): Place {
  if (!isMap(place.node)) return place;
  const value = place.node.get(name, true);
  return value === undefined ? { ...place, path: `${place.path}.${name}` } : below(place, value as never, name);
}
