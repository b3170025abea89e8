import type { MessageSchema } from '../schema.ts';

/** A message of two versions, of which the second is flexible. */
export function schemaOf(fields: MessageSchema['fields'], flexible: string = '1+'): MessageSchema {
  return { name: 'Sample', versions: '0-1', flexible, fields };
}

/** Bytes from hexadecimal digits, with spaces where they please. */
export function bytesOf(text: string): Uint8Array {
  const digits = text.replaceAll(' ', '');
  return Uint8Array.from({ length: digits.length / 2 }, (_, at) =>
    Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16),
  );
}

export function hex(bytes: Uint8Array | readonly Uint8Array[]): string {
  const chunks = bytes instanceof Uint8Array ? [bytes] : bytes;
  return chunks.map((chunk) => Array.from(chunk, (byte) => byte.toString(16).padStart(2, '0')).join('')).join('');
}
