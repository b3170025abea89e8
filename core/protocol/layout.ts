import { type Field, type Fields, hasVersion, type MessageSchema, type Primitive, ZERO_UUID } from './schema.ts';

export type Shape =
  | { readonly kind: 'primitive'; readonly primitive: Primitive }
  | { readonly kind: 'array'; readonly element: ValueLayout }
  | { readonly kind: 'struct'; readonly layout: Layout };

/** How one version writes a value. */
export interface ValueLayout {
  readonly shape: Shape;
  readonly nullable: boolean;
  /** Lengths and counts are varints. */
  readonly compact: boolean;
  /** null: in its place among the untagged fields. */
  readonly tag: number | null;
}

/** A field as one version has it. */
export interface FieldLayout extends ValueLayout {
  readonly name: string;
  readonly carried: boolean;
  /** A primitive's value or null; undefined: an empty array, empty bytes, a struct of defaults. */
  readonly default: string | number | bigint | boolean | null | undefined;
  readonly ignorable: boolean;
}

/** A struct as one version has it, in wire order. */
export interface Layout {
  readonly fields: readonly FieldLayout[];
  /** A tagged section closes it. */
  readonly flexible: boolean;
  /** The least that it takes on the wire: the bound on how many of it can follow. */
  readonly minBytes: number;
}

/** Resolves all version ranges of a declaration for one version. */
export function layoutOf(schema: MessageSchema, version: number): Layout {
  return structLayout(schema.fields, version, hasVersion(schema.flexible, version));
}

function structLayout(fields: Fields, version: number, flexible: boolean): Layout {
  const laidOut = Object.entries(fields).map(([name, field]) => fieldLayout(name, field, version, flexible));
  let minBytes = flexible ? 1 : 0;
  for (const field of laidOut) {
    if (field.carried && field.tag === null) minBytes += minBytesOf(field);
  }
  return { fields: laidOut, flexible, minBytes };
}

function fieldLayout(name: string, declared: Field, version: number, flexible: boolean): FieldLayout {
  if (!/^[A-Za-z]\w*$/.test(name)) throw new Error(`a field's name becomes source: ${name}`);
  const field = typeof declared === 'string' ? { type: declared } : declared;
  const nullable = field.nullable !== undefined && hasVersion(field.nullable, version);
  const compact = field.flexible === undefined ? flexible : hasVersion(field.flexible, version);
  return {
    name,
    shape: shapeOf(field, version, flexible, compact),
    carried: hasVersion(field.in, version),
    nullable,
    compact,
    tag: field.tag !== undefined && hasVersion(field.tagged, version) ? field.tag : null,
    default: field.default === undefined ? defaultOf(field, nullable) : field.default,
    ignorable: field.ignorable === true,
  };
}

function shapeOf(field: Exclude<Field, string>, version: number, flexible: boolean, compact: boolean): Shape {
  if ('type' in field) return { kind: 'primitive', primitive: field.type };
  if ('struct' in field) return { kind: 'struct', layout: structLayout(field.struct, version, flexible) };
  const shape: Shape =
    typeof field.each === 'string'
      ? { kind: 'primitive', primitive: field.each }
      : { kind: 'struct', layout: structLayout(field.each, version, flexible) };
  return { kind: 'array', element: { shape, nullable: false, compact, tag: null } };
}

function defaultOf(field: Exclude<Field, string>, nullable: boolean): FieldLayout['default'] {
  if (!('type' in field)) return undefined;
  switch (field.type) {
    case 'bool':
      return false;
    case 'string':
      return '';
    case 'uuid':
      return ZERO_UUID;
    case 'bigint64':
      return 0n;
    case 'bytes':
      return undefined;
    case 'records':
      // Kafka's generated classes start records as null, unlike bytes.
      return nullable ? null : undefined;
    default:
      return 0;
  }
}

/** The least that a value takes on the wire. */
export function minBytesOf({ shape, compact, nullable }: ValueLayout): number {
  switch (shape.kind) {
    case 'array':
      return compact ? 1 : 4;
    case 'struct':
      return nullable ? 1 : shape.layout.minBytes;
    case 'primitive':
      return minPrimitiveBytes(shape.primitive, compact);
  }
}

function minPrimitiveBytes(primitive: Primitive, compact: boolean): number {
  switch (primitive) {
    case 'bool':
    case 'int8':
      return 1;
    case 'int16':
    case 'uint16':
      return 2;
    case 'int32':
      return 4;
    case 'int64':
    case 'bigint64':
    case 'float64':
      return 8;
    case 'uuid':
      return 16;
    case 'string':
      return compact ? 1 : 2;
    case 'bytes':
    case 'records':
      return compact ? 1 : 4;
  }
}

/** JavaScript source of a field's default, where it is a primitive's value or null. */
export function literalSource(value: Exclude<FieldLayout['default'], undefined>): string {
  return typeof value === 'bigint' ? `${value}n` : JSON.stringify(value);
}
