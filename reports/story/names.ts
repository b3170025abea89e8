import type { LoggedFault } from '../verdict/faults.ts';

export function brokerName(id: number): string {
  return `broker ${id}`;
}

export function brokersText(ids: readonly number[]): string {
  return ids.length === 1 ? `broker ${ids[0]} alone` : `brokers ${ids.join(', ')}`;
}

export function brokersOnly(ids: readonly number[]): string {
  return `${ids.length === 1 ? 'broker' : 'brokers'} ${ids.toSorted((a, b) => a - b).join(', ')}`;
}

export function faultName({ kind }: LoggedFault): string {
  return kind.replaceAll('-', ' ');
}
