import type { Random } from '../runtime.ts';

/** A member id as Kafka makes it: the client's id or the group instance id, then a random UUID. */
export function memberIdFor(prefix: string, random: Random): string {
  const hex = Array.from(random.uuidBytes(), (byte) => byte.toString(16).padStart(2, '0')).join('');
  const uuid = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  return `${prefix}-${uuid}`;
}
