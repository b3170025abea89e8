/**
 * Names come again and again in messages: topics, groups, members, hosts. A small table of the latest of them gives
 * back the string made before: no decoding, no memory, and a Map finds it by the hash that it already has.
 */
const LONGEST_REMEMBERED_BYTES = 64;
const SLOTS = 2048;

const remembered: string[] = new Array(SLOTS).fill('');
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text of UTF-8 bytes; the caller has checked the bounds. @throws TypeError when they are not UTF-8. */
export function readText(bytes: Uint8Array, at: number, length: number): string {
  if (length > LONGEST_REMEMBERED_BYTES) return utf8.decode(bytes.subarray(at, at + length));
  let hash = length;
  for (let index = at; index < at + length; index++) hash = Math.imul(hash ^ bytes[index]!, 16777619);
  const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
  const known = remembered[slot]!;
  if (known.length === length && isTextOf(known, bytes, at)) return known;
  const text = utf8.decode(bytes.subarray(at, at + length));
  remembered[slot] = text;
  return text;
}

/** Whether the ASCII string has these bytes; a string with other characters never equals, and is decoded anew. */
function isTextOf(text: string, bytes: Uint8Array, at: number): boolean {
  for (let index = 0; index < text.length; index++) {
    const byte = bytes[at + index]!;
    if (byte !== text.charCodeAt(index) || byte >= 0x80) return false;
  }
  return true;
}
