/**
 * What a message declaration is, and how its TypeScript types follow from it. A declaration is plain data: one value
 * shape serves all versions, a field that a version does not carry takes its default.
 *
 * Version ranges are Kafka's text: `'3+'`, `'0-12'`, `'4'`. A bare type name means: in all versions, not nullable.
 */
export type Primitive =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  /** A JavaScript number: exact to ±2^53, beyond that the nearest double (2^63−1 survives a round trip). */
  | 'int64'
  /** An int64 of which every bit counts (a hash), as a BigInt. */
  | 'bigint64'
  | 'float64'
  | 'string'
  /** 22 characters of base64url, as Kafka prints it. */
  | 'uuid'
  | 'bytes'
  /** Record batches: `bytes` that are written without a copy. */
  | 'records';

interface FieldRules {
  /** Versions that carry the field; absent: all. */
  readonly in?: string;
  /** Versions in which null may stand; absent: none. */
  readonly nullable?: string;
  /** Tag number, for a field that travels in the tagged section. */
  readonly tag?: number;
  /** Versions in which it is tagged; absent with `tag`: all that carry it. */
  readonly tagged?: string;
  /** Absent: zero, '', [], the zero uuid, a struct of defaults. */
  readonly default?: string | number | boolean | null;
  /** true: a value that the version cannot carry is dropped; otherwise encoding it is an error. */
  readonly ignorable?: boolean;
  /** Overrides the message's flexible versions for this field's own encoding (header v2's client id: 'none'). */
  readonly flexible?: string;
}

export interface PrimitiveField extends FieldRules {
  readonly type: Primitive;
}
export interface ArrayField extends FieldRules {
  readonly each: Primitive | Fields;
}
export interface StructField extends FieldRules {
  readonly struct: Fields;
}
export type Field = Primitive | PrimitiveField | ArrayField | StructField;
export interface Fields {
  readonly [name: string]: Field;
}

/** A request, a response, a header, or a record's key or value. */
export interface MessageSchema {
  readonly name: string;
  /** `'4-18'`, or `'none'` for what no released version uses any more. */
  readonly versions: string;
  readonly flexible: string;
  readonly fields: Fields;
}

export type ListenerKind = 'broker' | 'controller';

export interface ApiSchema {
  readonly key: number;
  readonly name: string;
  readonly listeners: readonly ListenerKind[];
  /** Versions are a development preview: Kafka does not advertise the last one by default. */
  readonly latestVersionUnstable?: boolean;
  readonly request: MessageSchema;
  readonly response: MessageSchema;
}

/** A field of the tagged section that this code does not know; kept, and written back in its place. */
export interface UnknownTag {
  readonly tag: number;
  readonly bytes: Uint8Array;
}

interface PrimitiveValues {
  bool: boolean;
  int8: number;
  int16: number;
  uint16: number;
  int32: number;
  int64: number;
  bigint64: bigint;
  float64: number;
  string: string;
  uuid: string;
  bytes: Uint8Array;
  records: Uint8Array;
}

type Nullable<F, T> = F extends { readonly nullable: string } ? T | null : T;
type Element<E> = E extends Primitive ? PrimitiveValues[E] : E extends Fields ? Struct<E> : never;
type Value<F> = F extends Primitive
  ? PrimitiveValues[F]
  : F extends { readonly type: infer P extends Primitive }
    ? Nullable<F, PrimitiveValues[P]>
    : F extends { readonly each: infer E }
      ? Nullable<F, Element<E>[]>
      : F extends { readonly struct: infer S extends Fields }
        ? Nullable<F, Struct<S>>
        : never;
/** Of some schema, not of a certain one: any message. */
type Anything = { readonly [name: string]: unknown };
type Struct<F extends Fields> = string extends keyof F
  ? Anything
  : { -readonly [K in keyof F]: Value<F[K]> } & { unknownTags?: readonly UnknownTag[] };

type DraftElement<E> = E extends Primitive ? PrimitiveValues[E] : E extends Fields ? DraftStruct<E> : never;
type DraftValue<F> = F extends Primitive
  ? PrimitiveValues[F]
  : F extends { readonly type: infer P extends Primitive }
    ? Nullable<F, PrimitiveValues[P]>
    : F extends { readonly each: infer E }
      ? Nullable<F, readonly DraftElement<E>[]>
      : F extends { readonly struct: infer S extends Fields }
        ? Nullable<F, DraftStruct<S>>
        : never;
type DraftStruct<F extends Fields> = string extends keyof F
  ? Anything
  : { readonly [K in keyof F]?: DraftValue<F[K]> | undefined } & {
      readonly unknownTags?: readonly UnknownTag[];
    };

/** What decoding gives: every field present. */
export type Message<S extends MessageSchema> = Struct<S['fields']>;
/** What encoding takes: absent fields take their defaults. */
export type Draft<S extends MessageSchema> = DraftStruct<S['fields']>;
/** One element of an array field, or the value of a struct field, of a decoded message. */
export type ElementOf<A> = A extends readonly (infer E)[] | null ? E : never;

export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA';

/** 2^63−1 as JavaScript has it: the double next to it, 2^63. Encoding turns it back. */
export const INT64_MAX: number = 2 ** 63;

/** An inclusive range; `null` for 'none'. An open end is 32767. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/** Reads `'3+'`, `'0-12'`, `'4'`, `'none'`. @throws Error on anything else: a bug in a declaration. */
export function parseVersions(text: string): VersionRange | null {
  if (text === 'none') return null;
  const match = /^(\d+)(\+|-(\d+))?$/.exec(text);
  if (!match) throw new Error(`not a version range: ${text}`);
  const min = Number(match[1]);
  if (match[2] === undefined) return { min, max: min };
  return { min, max: match[2] === '+' ? 32767 : Number(match[3]) };
}

/** Every frame asks for its header's version: each text is read once. */
const ranges = new Map<string, VersionRange | null>();

export function hasVersion(text: string | undefined, version: number): boolean {
  if (text === undefined) return true;
  let range = ranges.get(text);
  if (range === undefined) {
    range = parseVersions(text);
    ranges.set(text, range);
  }
  return range !== null && version >= range.min && version <= range.max;
}
