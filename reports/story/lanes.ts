import { brokerName } from './names.ts';
import type { Facts, Lane } from './story.ts';

const READERS_MAX = 2;

export function lanesOf({ example, rows, replicas, control, faults }: Facts): Lane[] {
  const writers = new Set<string>();
  const readers = new Set<string>();
  if (example?.record !== undefined) writers.add(example.record.writer);
  for (const { kind, actor } of rows) {
    if (kind === 'send' || (kind === 'ack' && writers.size < 2)) writers.add(actor);
    else if (kind === 'read' && readers.size < READERS_MAX) readers.add(actor);
  }
  const texts = (example?.events ?? []).map(({ text }) => text).join(' ');
  // Names of clients end in numbers; the auditor is called what it is.
  for (const [name] of texts.matchAll(/\b(?:consumer|auditor|producer)(?:[-\w]*\w)?/g)) {
    if (name.startsWith('producer')) writers.add(name);
    else readers.add(name);
  }
  if (rows.some(({ kind }) => kind === 'logEnd') && readers.size === 0) readers.add('auditor');
  const brokers = new Set<number>();
  for (const { broker } of replicas) brokers.add(broker);
  for (const { leader, isr } of control) for (const id of [leader, ...isr]) if (id >= 0) brokers.add(id);
  if (brokers.size === 0) for (const { brokers: hit } of faults) for (const id of hit) brokers.add(id);
  return [
    ...[...writers].map((name): Lane => ({ name, role: 'producer' })),
    ...[...brokers].sort((a, b) => a - b).map((id): Lane => ({ name: brokerName(id), role: 'broker' })),
    ...[...readers].map((name): Lane => ({ name, role: 'reader' })),
  ];
}
