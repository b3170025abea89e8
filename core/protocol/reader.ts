import { readInt16, readInt32, readInt64 } from '../records/integers.ts';
import type { UnknownTag } from './schema.ts';
import { readText } from './text.ts';
import { readUuid } from './uuid.ts';

/** Bytes that are no message of the schema and version they are read by: hostile, truncated, or of another version. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

/** Strings longer than this are refused in every version, as Kafka does: old versions have an int16 for their length. */
export const MAX_STRING_BYTES = 32767;

/**
 * Bound on all array elements of one message that are more than a number, and on its unknown tags. A struct may take
 * two bytes on the wire and hundreds in memory: without the bound, one frame could use up the heap.
 */
const MAX_OBJECTS = 1_000_000;

const NOTHING = new Uint8Array(0);

const eightBytes = new DataView(new ArrayBuffer(8));

/**
 * A position in a message. Every read checks the bounds, and a count of elements is checked against the bytes that
 * remain before anything is allocated for it. The generated decoders call nothing else.
 */
export class Reader {
  readonly #bytes: Uint8Array;
  #at: number;
  #end: number;
  #objectsLeft = MAX_OBJECTS;

  constructor(bytes: Uint8Array, at: number) {
    // Views of a Node Buffer would be Buffers, whose slice() shares memory where everyone expects a copy.
    this.#bytes =
      bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
    this.#end = bytes.length;
    if (at > bytes.length) this.#truncated();
  }

  get at(): number {
    return this.#at;
  }

  bool(): boolean {
    return this.int8() !== 0;
  }

  int8(): number {
    return (this.#byte() << 24) >> 24;
  }

  int16(): number {
    return readInt16(this.#bytes, this.#take(2));
  }

  uint16(): number {
    return this.int16() & 0xffff;
  }

  int32(): number {
    return readInt32(this.#bytes, this.#take(4));
  }

  int64(): number {
    return readInt64(this.#bytes, this.#take(8));
  }

  bigint64(): bigint {
    return this.#eightBytes().getBigInt64(0);
  }

  float64(): number {
    return this.#eightBytes().getFloat64(0);
  }

  uuid(): string {
    return readUuid(this.#bytes, this.#take(16));
  }

  uvarint(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      const next = this.#byte();
      value |= (next & 0x7f) << shift;
      if (next < 0x80) return value;
    }
    const last = this.#byte();
    if (last > 0x0f) throw new DecodeError(`varint of more than 32 bits before byte ${this.#at}`);
    return (value | (last << 28)) >>> 0;
  }

  /** The length of a string in old versions; −1 is null. */
  length16(): number {
    return this.int16();
  }

  /** A length or count in old versions; −1 is null. */
  length32(): number {
    return this.int32();
  }

  /** A length or count in flexible versions; −1 is null. */
  compactLength(): number {
    return this.uvarint() - 1;
  }

  /** Where null may not stand. */
  notNull(length: number): number {
    if (length < 0) throw new DecodeError(`null where the field is not nullable, before byte ${this.#at}`);
    return length;
  }

  string(length: number): string | null {
    if (length < 0) return this.#null(length);
    if (length > MAX_STRING_BYTES) throw new DecodeError(`string of ${length} bytes before byte ${this.#at}`);
    const at = this.#take(length);
    try {
      return readText(this.#bytes, at, length);
    } catch {
      throw new DecodeError(`string is not UTF-8, at byte ${at}`);
    }
  }

  /** A view, not a copy. */
  bytes(length: number): Uint8Array | null {
    if (length < 0) return this.#null(length);
    if (length === 0) return NOTHING;
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** A count of elements that take `minBytes` each at least; −1 is null. */
  count(count: number, minBytes: number): number {
    if (count < 0) this.#null(count);
    else if (count * minBytes > this.#end - this.#at) {
      throw new DecodeError(`${count} elements in ${this.#end - this.#at} bytes, before byte ${this.#at}`);
    }
    return count;
  }

  /** A count of elements that are structs, strings, uuids or bytes. */
  objects(count: number, minBytes: number): number {
    this.count(count, minBytes);
    if (count > 0) this.#allow(count);
    return count;
  }

  /** The marker of a nullable struct among the untagged fields: −1 is null, 1 is a struct. */
  present(): boolean {
    const marker = this.int8();
    if (marker !== 1 && marker !== -1) throw new DecodeError(`struct marker ${marker} before byte ${this.#at}`);
    return marker === 1;
  }

  /** The marker of a nullable struct in a tagged field: 0 is null, 1 is a struct. */
  presentInTag(): boolean {
    const marker = this.uvarint();
    if (marker > 1) throw new DecodeError(`tagged struct marker ${marker} before byte ${this.#at}`);
    return marker === 1;
  }

  /** A tag, each greater than the one before it (KIP-482): none can come twice. */
  tagAfter(previous: number): number {
    const tag = this.uvarint();
    if (tag <= previous) throw new DecodeError(`tag ${tag} after tag ${previous}, before byte ${this.#at}`);
    return tag;
  }

  /** Opens a tagged field: reads may not pass its end. Returns the outer end, for `closeTag`. */
  openTag(): number {
    const outer = this.#end;
    const size = this.uvarint();
    const at = this.#take(size);
    this.#at = at;
    this.#end = at + size;
    return outer;
  }

  closeTag(outer: number): void {
    if (this.#at !== this.#end) throw new DecodeError(`tagged field longer than its value, at byte ${this.#at}`);
    this.#end = outer;
  }

  /** What is left of the open tagged field. */
  unknownTag(tag: number): UnknownTag {
    this.#allow(1);
    const bytes = this.#bytes.subarray(this.#at, this.#end);
    this.#at = this.#end;
    return { tag, bytes };
  }

  /** A message ends where its bytes end. */
  done(): void {
    if (this.#at !== this.#end) throw new DecodeError(`${this.#end - this.#at} bytes after the message`);
  }

  #eightBytes(): DataView {
    eightBytes.setInt32(0, this.int32());
    eightBytes.setInt32(4, this.int32());
    return eightBytes;
  }

  #byte(): number {
    return this.#bytes[this.#take(1)]!;
  }

  #take(size: number): number {
    const at = this.#at;
    if (size > this.#end - at) this.#truncated();
    this.#at = at + size;
    return at;
  }

  #allow(objects: number): void {
    this.#objectsLeft -= objects;
    if (this.#objectsLeft < 0) throw new DecodeError(`more than ${MAX_OBJECTS} structs, strings and tags`);
  }

  #null(length: number): null {
    if (length !== -1) throw new DecodeError(`length ${length} before byte ${this.#at}`);
    return null;
  }

  #truncated(): never {
    throw new DecodeError(`truncated at byte ${this.#at} of ${this.#end}`);
  }
}
