/** Writers of protobuf-style variable-length integers with zigzag, as records use them. The caller made room. */

/** Bytes that an int32 takes. */
export function varintSize(value: number): number {
  const unsigned = ((value << 1) ^ (value >> 31)) >>> 0;
  if (unsigned < 0x80) return 1;
  if (unsigned < 0x4000) return 2;
  if (unsigned < 0x200000) return 3;
  return unsigned < 0x10000000 ? 4 : 5;
}

/** Writes an int32; returns the position after it. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let unsigned = ((value << 1) ^ (value >> 31)) >>> 0;
  let end = at;
  while (unsigned >= 0x80) {
    bytes[end++] = (unsigned & 0x7f) | 0x80;
    unsigned >>>= 7;
  }
  bytes[end++] = unsigned;
  return end;
}

/** Bytes that an integer within ±2^52 takes. */
export function varlongSize(value: number): number {
  if ((value | 0) === value) return varintSize(value);
  let unsigned = zigzag(value);
  let size = 1;
  while (unsigned >= 0x80) {
    unsigned = Math.floor(unsigned / 128);
    size++;
  }
  return size;
}

/** Writes an integer within ±2^52; returns the position after it. */
export function writeVarlong(bytes: Uint8Array, at: number, value: number): number {
  if ((value | 0) === value) return writeVarint(bytes, at, value);
  let unsigned = zigzag(value);
  let end = at;
  while (unsigned >= 0x80) {
    bytes[end++] = (unsigned % 128) | 0x80;
    unsigned = Math.floor(unsigned / 128);
  }
  bytes[end++] = unsigned;
  return end;
}

function zigzag(value: number): number {
  return value < 0 ? -value * 2 - 1 : value * 2;
}
