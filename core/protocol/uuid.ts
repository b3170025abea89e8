import { readInt32 } from '../records/integers.ts';
import { ZERO_UUID } from './schema.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** Char code → six bits; 64 for what is not in the alphabet. */
const sextets = new Uint8Array(128).fill(64);
for (let value = 0; value < 64; value++) sextets[ALPHABET.charCodeAt(value)] = value;

/** Reads 16 bytes as 22 characters of base64url. The caller has checked the bounds. */
export function readUuid(bytes: Uint8Array, at: number): string {
  if ((readInt32(bytes, at) | readInt32(bytes, at + 4) | readInt32(bytes, at + 8) | readInt32(bytes, at + 12)) === 0) {
    return ZERO_UUID;
  }
  let text = '';
  for (let index = at; index < at + 15; index += 3) {
    const triple = (bytes[index]! << 16) | (bytes[index + 1]! << 8) | bytes[index + 2]!;
    text +=
      ALPHABET[triple >> 18]! + ALPHABET[(triple >> 12) & 63]! + ALPHABET[(triple >> 6) & 63]! + ALPHABET[triple & 63]!;
  }
  const last = bytes[at + 15]!;
  return text + ALPHABET[last >> 2]! + ALPHABET[(last & 3) << 4]!;
}

/** Writes the 16 bytes of `text`; false if it is no uuid. The caller made room. */
export function writeUuid(bytes: Uint8Array, at: number, text: string): boolean {
  if (text.length !== 22) return false;
  let bits = 0;
  let held = 0;
  let out = at;
  for (let index = 0; index < 22; index++) {
    const code = text.charCodeAt(index);
    const sextet = code < 128 ? sextets[code]! : 64;
    if (sextet === 64) return false;
    bits = ((bits << 6) | sextet) & 0xffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[out++] = bits >> held;
    }
  }
  return (bits & 15) === 0;
}
