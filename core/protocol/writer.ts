import { writeInt16, writeInt32, writeInt64 } from '../records/integers.ts';
import { MAX_STRING_BYTES } from './reader.ts';
import { INT64_MAX, type UnknownTag } from './schema.ts';
import { writeUuid } from './uuid.ts';

/** A draft that the version cannot carry, or a value outside its type. */
export class EncodeError extends Error {
  override readonly name = 'EncodeError';
}

/** Shorter `bytes` are copied into the message: a chunk of their own would cost more than the copy. */
const MIN_CHUNK_BYTES = 2048;
/** Short messages stand one after the other in a buffer of this size: each costs a view of it, no memory of its own. */
const BUFFER_BYTES = 16 * 1024;
/** A message that begins with less room than this begins a new buffer. */
const LEAST_ROOM_BYTES = 1024;

const utf8 = new TextEncoder();
const eightBytes = new DataView(new ArrayBuffer(8));

/** A long `bytes` value that stands at `at` of the written bytes. */
interface Inserted {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/**
 * Where generated encoders write. What is given out as chunks are views of the buffer, whose rest the next message
 * takes; between them long `bytes` and `records` stand as chunks of their own, uncopied.
 *
 * `field` in the arguments is the field's path, for the error.
 */
export class Writer {
  #buffer = new Uint8Array(BUFFER_BYTES);
  /** Where this message begins: what stands before it was given out. */
  #start = 0;
  #at = 0;
  #inserted: Inserted[] = [];
  #insertedBytes = 0;
  /** Depth of open tagged fields; in them bytes are copied, for their size stands before them. */
  #tagDepth = 0;

  /** Forgets what was written. */
  reset(): void {
    // A buffer that grew for one long message is not kept for others.
    if (this.#buffer.length - this.#start < LEAST_ROOM_BYTES || this.#buffer.length > BUFFER_BYTES) {
      this.#buffer = new Uint8Array(BUFFER_BYTES);
      this.#start = 0;
    }
    this.#at = this.#start;
    this.#tagDepth = 0;
    if (this.#inserted.length > 0) this.#inserted = [];
    this.#insertedBytes = 0;
  }

  get size(): number {
    return this.#at - this.#start + this.#insertedBytes;
  }

  bool(value: boolean, field: string): void {
    if (typeof value !== 'boolean') this.refuse(field, value, 'a bool');
    const at = this.#room(1);
    this.#buffer[at] = value ? 1 : 0;
  }

  int8(value: number, field: string): void {
    if ((value << 24) >> 24 !== value) this.refuse(field, value, 'an int8');
    const at = this.#room(1);
    this.#buffer[at] = value;
  }

  int16(value: number, field: string): void {
    if ((value << 16) >> 16 !== value) this.refuse(field, value, 'an int16');
    const at = this.#room(2);
    writeInt16(this.#buffer, at, value);
  }

  uint16(value: number, field: string): void {
    if ((value & 0xffff) !== value) this.refuse(field, value, 'a uint16');
    const at = this.#room(2);
    writeInt16(this.#buffer, at, value);
  }

  int32(value: number, field: string): void {
    if ((value | 0) !== value) this.refuse(field, value, 'an int32');
    const at = this.#room(4);
    writeInt32(this.#buffer, at, value);
  }

  /** INT64_MAX, which is 2^63, is written as 2^63−1. */
  int64(value: number, field: string): void {
    if (!(value >= -INT64_MAX && value <= INT64_MAX) || !Number.isInteger(value)) {
      this.refuse(field, value, 'an int64');
    }
    const at = this.#room(8);
    if (value === INT64_MAX) {
      writeInt32(this.#buffer, at, 0x7fffffff);
      writeInt32(this.#buffer, at + 4, -1);
    } else writeInt64(this.#buffer, at, value);
  }

  bigint64(value: bigint, field: string): void {
    if (typeof value !== 'bigint' || BigInt.asIntN(64, value) !== value) this.refuse(field, value, 'a bigint64');
    eightBytes.setBigInt64(0, value);
    this.#eightBytes();
  }

  float64(value: number, field: string): void {
    if (typeof value !== 'number') this.refuse(field, value, 'a float64');
    eightBytes.setFloat64(0, value);
    this.#eightBytes();
  }

  uuid(value: string, field: string): void {
    const at = this.#room(16);
    if (typeof value !== 'string' || !writeUuid(this.#buffer, at, value)) this.refuse(field, value, 'a uuid');
  }

  uvarint(value: number): void {
    let left = value;
    const at = this.#room(5);
    let end = at;
    while (left > 0x7f) {
      this.#buffer[end++] = (left & 0x7f) | 0x80;
      left >>>= 7;
    }
    this.#buffer[end++] = left;
    this.#at = end;
  }

  nullString(): void {
    const at = this.#room(2);
    writeInt16(this.#buffer, at, -1);
  }

  string(value: string, field: string): void {
    const length = this.#checkedLength(value, field);
    const at = this.#room(2 + length);
    if (this.#ascii(value, at + 2)) {
      writeInt16(this.#buffer, at, length);
      return;
    }
    this.#at = at;
    const bytes = this.#encoded(value, field);
    const start = this.#room(2 + bytes.length);
    writeInt16(this.#buffer, start, bytes.length);
    this.#buffer.set(bytes, start + 2);
  }

  compactString(value: string, field: string): void {
    const length = this.#checkedLength(value, field);
    this.uvarint(length + 1);
    const at = this.#room(length);
    if (this.#ascii(value, at)) return;
    // The length was that of an ASCII string; it takes at least as many bytes, so its place may only grow.
    this.#at = at - uvarintSize(length + 1);
    const bytes = this.#encoded(value, field);
    this.uvarint(bytes.length + 1);
    const start = this.#room(bytes.length);
    this.#buffer.set(bytes, start);
  }

  nullBytes(): void {
    const at = this.#room(4);
    writeInt32(this.#buffer, at, -1);
  }

  bytes(value: Uint8Array, field: string): void {
    if (!(value instanceof Uint8Array)) this.refuse(field, value, 'bytes');
    const at = this.#room(4);
    writeInt32(this.#buffer, at, value.length);
    this.raw(value);
  }

  compactBytes(value: Uint8Array, field: string): void {
    if (!(value instanceof Uint8Array)) this.refuse(field, value, 'bytes');
    this.uvarint(value.length + 1);
    this.raw(value);
  }

  count(elements: ArrayLike<unknown>, field: string): number {
    if (!Array.isArray(elements)) this.refuse(field, elements, 'an array');
    const at = this.#room(4);
    writeInt32(this.#buffer, at, elements.length);
    return elements.length;
  }

  compactCount(elements: ArrayLike<unknown>, field: string): number {
    if (!Array.isArray(elements)) this.refuse(field, elements, 'an array');
    this.uvarint(elements.length + 1);
    return elements.length;
  }

  /** null for a struct among the untagged fields. */
  nullStruct(): void {
    const at = this.#room(1);
    this.#buffer[at] = 0xff;
  }

  /** null for everything compact, and for a struct in a tagged field. */
  compactNull(): void {
    const at = this.#room(1);
    this.#buffer[at] = 0;
  }

  /** The marker of a struct where null could stand. */
  present(): void {
    const at = this.#room(1);
    this.#buffer[at] = 1;
  }

  /** Opens a tagged field whose size is written when it is closed. Returns the place for `closeTag`. */
  openTag(tag: number): number {
    this.uvarint(tag);
    this.#tagDepth++;
    return this.#room(1);
  }

  closeTag(place: number): void {
    const start = place + 1;
    const size = this.#at - start;
    const sizeBytes = uvarintSize(size);
    if (sizeBytes > 1) {
      const end = this.#at;
      this.#room(sizeBytes - 1);
      this.#buffer.copyWithin(place + sizeBytes, start, end);
    }
    this.#at = place;
    this.uvarint(size);
    this.#at += size;
    this.#tagDepth--;
  }

  unknownTag(unknown: UnknownTag): void {
    this.uvarint(unknown.tag);
    this.uvarint(unknown.bytes.length);
    this.raw(unknown.bytes);
  }

  raw(value: Uint8Array): void {
    if (value.length >= MIN_CHUNK_BYTES && this.#tagDepth === 0) {
      this.#inserted.push({ at: this.#at, bytes: value });
      this.#insertedBytes += value.length;
    } else {
      const at = this.#room(value.length);
      this.#buffer.set(value, at);
    }
  }

  /** Overwrites the first four bytes. */
  patchFirstInt32(value: number): void {
    writeInt32(this.#buffer, this.#start, value);
  }

  /** All that was written, as a copy in one piece: it may be kept for long. */
  whole(): Uint8Array {
    if (this.#inserted.length === 0) return this.#buffer.slice(this.#start, this.#at);
    const out = new Uint8Array(this.size);
    let at = 0;
    for (const chunk of this.chunks()) {
      out.set(chunk, at);
      at += chunk.length;
    }
    return out;
  }

  /** All that was written: views of the short parts and, between them, the long values themselves. Ends the message. */
  chunks(): Uint8Array[] {
    let from = this.#start;
    this.#start = this.#at;
    if (this.#inserted.length === 0) return [this.#view(from, this.#at)];
    const chunks: Uint8Array[] = [];
    for (const { at, bytes } of this.#inserted) {
      if (at > from) chunks.push(this.#view(from, at));
      chunks.push(bytes);
      from = at;
    }
    if (from < this.#at) chunks.push(this.#view(from, this.#at));
    return chunks;
  }

  refuse(field: string, value: unknown, expected: string): never {
    const shown =
      typeof value === 'string'
        ? JSON.stringify(value.slice(0, 40))
        : typeof value === 'object' && value
          ? 'an object'
          : String(value);
    throw new EncodeError(`${field}: ${shown} is not ${expected}`);
  }

  #checkedLength(value: string, field: string): number {
    if (typeof value !== 'string') this.refuse(field, value, 'a string');
    if (value.length > MAX_STRING_BYTES) throw new EncodeError(`${field}: longer than ${MAX_STRING_BYTES} bytes`);
    return value.length;
  }

  /** Writes an ASCII string, for which there is room at `at`; false, with any bytes there, if it is not ASCII. */
  #ascii(value: string, at: number): boolean {
    const buffer = this.#buffer;
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index);
      if (code >= 0x80) return false;
      buffer[at + index] = code;
    }
    return true;
  }

  #encoded(value: string, field: string): Uint8Array {
    const bytes = utf8.encode(value);
    if (bytes.length > MAX_STRING_BYTES) throw new EncodeError(`${field}: longer than ${MAX_STRING_BYTES} bytes`);
    return bytes;
  }

  #eightBytes(): void {
    const at = this.#room(8);
    writeInt32(this.#buffer, at, eightBytes.getInt32(0));
    writeInt32(this.#buffer, at + 4, eightBytes.getInt32(4));
  }

  #view(from: number, to: number): Uint8Array {
    return new Uint8Array(this.#buffer.buffer, from, to - from);
  }

  #room(size: number): number {
    const at = this.#at;
    const end = at + size;
    if (end > this.#buffer.length) this.#grow(end);
    this.#at = end;
    return at;
  }

  /** Places in the message stay what they were; what was given out is not taken along. */
  #grow(size: number): void {
    const larger = new Uint8Array(Math.max(size, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(this.#start, this.#at), this.#start);
    this.#buffer = larger;
  }
}

function uvarintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  return value < 0x10000000 ? 4 : 5;
}
