import type { Random } from '../runtime.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** 16 bytes as 22 characters of base64url: how messages carry a uuid. */
export function uuidText(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < 16; at += 3) {
    const word = (bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    text += ALPHABET[word >> 18]! + ALPHABET[(word >> 12) & 63]!;
    if (at < 15) text += ALPHABET[(word >> 6) & 63]! + ALPHABET[word & 63]!;
  }
  return text;
}

/** A new id. Never one that starts with '-': command-line tools would take it for an option. */
export function randomUuid(random: Random): string {
  for (;;) {
    const text = uuidText(random.uuidBytes());
    if (!text.startsWith('-')) return text;
  }
}
