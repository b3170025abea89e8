import { readInt32, writeInt32 } from '../records/integers.ts';
import { ZERO_UUID } from './schema.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** Char code → six bits; 64 for what is not in the alphabet. */
const sextets = new Uint8Array(128).fill(64);
for (let value = 0; value < 64; value++) sextets[ALPHABET.charCodeAt(value)] = value;

/** Topic ids come again and again: a small table of the latest, the 16 bytes and the string made of them. */
const SLOTS = 1024;
const knownBytes = new Uint8Array(SLOTS * 16);
const knownTexts: string[] = new Array(SLOTS).fill(ZERO_UUID);

/** Reads 16 bytes as 22 characters of base64url. The caller has checked the bounds. */
export function readUuid(bytes: Uint8Array, at: number): string {
  const a = readInt32(bytes, at);
  const b = readInt32(bytes, at + 4);
  const c = readInt32(bytes, at + 8);
  const d = readInt32(bytes, at + 12);
  const hash = Math.imul(a ^ Math.imul(b ^ Math.imul(c ^ Math.imul(d, 16777619), 16777619), 16777619), 16777619);
  const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
  const known = slot * 16;
  if (
    readInt32(knownBytes, known) === a &&
    readInt32(knownBytes, known + 4) === b &&
    readInt32(knownBytes, known + 8) === c &&
    readInt32(knownBytes, known + 12) === d
  ) {
    return knownTexts[slot]!;
  }
  const text = textOf(bytes, at);
  writeInt32(knownBytes, known, a);
  writeInt32(knownBytes, known + 4, b);
  writeInt32(knownBytes, known + 8, c);
  writeInt32(knownBytes, known + 12, d);
  knownTexts[slot] = text;
  return text;
}

function textOf(bytes: Uint8Array, at: number): string {
  const letters: string[] = [];
  for (let index = at; index < at + 15; index += 3) {
    const triple = (bytes[index]! << 16) | (bytes[index + 1]! << 8) | bytes[index + 2]!;
    for (let shift = 18; shift >= 0; shift -= 6) letters.push(ALPHABET[(triple >> shift) & 63]!);
  }
  const last = bytes[at + 15]!;
  letters.push(ALPHABET[last >> 2]!, ALPHABET[(last & 3) << 4]!);
  return letters.join('');
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
