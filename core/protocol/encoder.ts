import { type FieldLayout, type Layout, layoutOf, literalSource, type ValueLayout } from './layout.ts';
import type { MessageSchema, UnknownTag } from './schema.ts';
import { EncodeError, type Writer } from './writer.ts';

export type Encoder = (writer: Writer, draft: unknown) => void;

/**
 * Makes the encoder of one version, as `generateDecoder` makes its decoder: one function per struct, in which a field
 * that this version does not carry has become a check that the draft leaves it at its default.
 */
export function generateEncoder(schema: MessageSchema, version: number): Encoder {
  const source = new EncoderSource(`${schema.name} v${version}`);
  const entry = source.struct(layoutOf(schema, version), '');
  const make = new Function('NONE', 'sortTags', 'refuse', `'use strict';\n${source.text}return ${entry};`) as (
    none: readonly never[],
    sort: typeof sortTags,
    refuse: typeof refuseField,
  ) => Encoder;
  return make(Object.freeze([]), sortTags, refuseField);
}

class EncoderSource {
  text = '';
  readonly #message: string;
  #names = 0;

  constructor(message: string) {
    this.#message = message;
  }

  struct(layout: Layout, path: string): string {
    let body = '';
    for (const field of layout.fields) {
      if (field.carried && field.tag === null) body += this.#inPlace(field, path);
      else if (!field.carried && !field.ignorable) body += this.#absent(field, path);
    }
    body += layout.flexible ? this.#taggedSection(layout, path) : this.#noTags(path);
    return this.#function('w, d', body);
  }

  #inPlace(field: FieldLayout, path: string): string {
    const local = this.#name('x');
    return `  let ${local} = d.${field.name};\n  if (${local} === undefined) ${local} = ${defaultSource(field)};\n${this.#value(local, field, inside(path, field.name))}`;
  }

  /** This version has no place for the field: only its default may be dropped in silence. */
  #absent(field: FieldLayout, path: string): string {
    const value = `d.${field.name}`;
    const reason = this.#text(`${inside(path, field.name)} is not carried by this version`);
    return `  if (${value} !== undefined && !(${this.#isDefault(value, field)})) refuse(${reason});\n`;
  }

  #noTags(path: string): string {
    const reason = this.#text(`${inside(path, 'unknownTags')} cannot be carried by this version`);
    return `  if (d.unknownTags !== undefined && d.unknownTags.length > 0) refuse(${reason});\n`;
  }

  /** Known fields that differ from their defaults and unknown tags, merged in the order of their tags (KIP-482). */
  #taggedSection(layout: Layout, path: string): string {
    const tagged = layout.fields.filter((field) => field.carried && field.tag !== null).sort((a, b) => a.tag! - b.tag!);
    const known = JSON.stringify(tagged.map((field) => field.tag));
    const reason = this.#text(`${inside(path, 'unknownTags')} has a tag twice, or one that is known`);
    let body = `  const u = d.unknownTags === undefined ? NONE : sortTags(d.unknownTags, ${known}, ${reason});\n`;
    if (tagged.length === 0) {
      return `${body}  w.uvarint(u.length);\n  for (let i = 0; i < u.length; i++) w.unknownTag(u[i]);\n`;
    }
    body += '  let n = u.length;\n  let k = 0;\n';
    for (const field of tagged) {
      const value = `t${field.tag}`;
      body += `  const ${value} = d.${field.name};\n`;
      body += `  const has${field.tag} = ${value} !== undefined && !(${this.#isDefault(value, field)});\n`;
      body += `  if (has${field.tag}) n++;\n`;
    }
    body += '  w.uvarint(n);\n';
    for (const field of tagged) {
      body += `  while (k < u.length && u[k].tag < ${field.tag}) w.unknownTag(u[k++]);\n`;
      body += `  if (has${field.tag}) {\n  const place = w.openTag(${field.tag});\n`;
      body += this.#value(`t${field.tag}`, field, inside(path, field.name));
      body += '  w.closeTag(place);\n  }\n';
    }
    return `${body}  while (k < u.length) w.unknownTag(u[k++]);\n`;
  }

  #value(value: string, layout: ValueLayout, path: string): string {
    const written = this.#present(value, layout, path);
    if (!layout.nullable) return written;
    return `  if (${value} === null) ${nullSource(layout)};\n  else {\n${written}  }\n`;
  }

  #present(value: string, { shape, compact, nullable }: ValueLayout, path: string): string {
    const field = this.#text(path);
    switch (shape.kind) {
      case 'primitive':
        return `  w.${writerMethod(shape.primitive, compact)}(${value}, ${field});\n`;
      case 'struct': {
        const encode = this.struct(shape.layout, path);
        const reason = this.#text(`${path} is null`);
        return nullable
          ? `  w.present();\n  ${encode}(w, ${value});\n`
          : `  if (${value} === null) refuse(${reason});\n  ${encode}(w, ${value});\n`;
      }
      case 'array': {
        const index = this.#name('i');
        const count = this.#name('n');
        const element = this.#value(`${value}[${index}]`, shape.element, path);
        const method = compact ? 'compactCount' : 'count';
        return `  const ${count} = w.${method}(${value}, ${field});\n  for (let ${index} = 0; ${index} < ${count}; ${index}++) {\n${element}  }\n`;
      }
    }
  }

  #isDefault(value: string, field: FieldLayout): string {
    if (field.default !== undefined) return `${value} === ${literalSource(field.default)}`;
    if (field.shape.kind !== 'struct') return `${value} !== null && ${value}.length === 0`;
    const checks = field.shape.layout.fields.map(
      (inner) => `(d.${inner.name} === undefined || ${this.#isDefault(`d.${inner.name}`, inner)})`,
    );
    checks.push('(d.unknownTags === undefined || d.unknownTags.length === 0)');
    return `${value} !== null && ${this.#function('d', `  return ${checks.join(' &&\n    ')};\n`)}(${value})`;
  }

  #text(text: string): string {
    return JSON.stringify(`${this.#message}: ${text}`);
  }

  #name(prefix: string): string {
    return `${prefix}${this.#names++}`;
  }

  #function(parameters: string, body: string): string {
    const name = this.#name('f');
    this.text += `function ${name}(${parameters}) {\n${body}}\n`;
    return name;
  }
}

function inside(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function writerMethod(primitive: string, compact: boolean): string {
  if (primitive === 'string') return compact ? 'compactString' : 'string';
  if (primitive === 'bytes' || primitive === 'records') return compact ? 'compactBytes' : 'bytes';
  return primitive;
}

function nullSource({ shape, compact, tag }: ValueLayout): string {
  if (shape.kind === 'struct') return tag === null ? 'w.nullStruct()' : 'w.compactNull()';
  if (compact) return 'w.compactNull()';
  return shape.kind === 'primitive' && shape.primitive === 'string' ? 'w.nullString()' : 'w.nullBytes()';
}

/** Source of what an absent field of a draft is written as. */
function defaultSource(field: FieldLayout): string {
  if (field.default !== undefined) return literalSource(field.default);
  if (field.shape.kind === 'array') return 'NONE';
  return field.shape.kind === 'struct' ? '{}' : 'new Uint8Array(0)';
}

function sortTags(tags: readonly UnknownTag[], known: readonly number[], reason: string): readonly UnknownTag[] {
  const sorted = [...tags].sort((a, b) => a.tag - b.tag);
  for (const [index, { tag }] of sorted.entries()) {
    if (known.includes(tag) || sorted[index + 1]?.tag === tag) refuseField(reason);
  }
  return sorted;
}

function refuseField(reason: string): never {
  throw new EncodeError(reason);
}
