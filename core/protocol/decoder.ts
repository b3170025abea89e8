import { type FieldLayout, type Layout, layoutOf, literalSource, minBytesOf, type ValueLayout } from './layout.ts';
import type { Reader } from './reader.ts';
import type { MessageSchema } from './schema.ts';

export type Decoder = (reader: Reader) => unknown;

/**
 * Makes the decoder of one version: JavaScript source, one function per struct and array, in which every version range
 * is already decided and every object is a literal of one hidden class, where a walk over the declaration would look up
 * every field by name for every message. The source is made from declarations alone, never from input.
 */
export function generateDecoder(schema: MessageSchema, version: number): Decoder {
  const source = new DecoderSource();
  const entry = source.struct(layoutOf(schema, version));
  const make = new Function('EMPTY', `'use strict';\n${source.text}return ${entry};`) as (empty: Uint8Array) => Decoder;
  return make(new Uint8Array(0));
}

class DecoderSource {
  text = '';
  #functions = 0;

  struct(layout: Layout): string {
    const members = layout.fields
      .map((field) => {
        const inPlace = field.carried && field.tag === null;
        return `    ${field.name}: ${inPlace ? this.#value(field) : defaultSource(field)},\n`;
      })
      .join('');
    if (!layout.flexible) return this.#function(`  return {\n${members}  };\n`);
    const cases = layout.fields
      .filter((field) => field.carried && field.tag !== null)
      .map((field) => `      case ${field.tag}: m.${field.name} = ${this.#value(field)}; break;\n`)
      .join('');
    return this.#function(
      `  const m = {\n${members}  };\n` +
        '  let tag = -1;\n' +
        '  for (let left = r.uvarint(); left > 0; left--) {\n' +
        '    tag = r.tagAfter(tag);\n' +
        '    const outer = r.openTag();\n' +
        `    switch (tag) {\n${cases}` +
        '      default: (m.unknownTags ??= []).push(r.unknownTag(tag));\n    }\n' +
        '    r.closeTag(outer);\n  }\n  return m;\n',
    );
  }

  #value({ shape, compact, nullable, tag }: ValueLayout): string {
    switch (shape.kind) {
      case 'primitive':
        return primitiveSource(shape.primitive, compact, nullable);
      case 'struct': {
        const call = `${this.struct(shape.layout)}(r)`;
        return nullable ? `r.${tag === null ? 'present' : 'presentInTag'}() ? ${call} : null` : call;
      }
      case 'array':
        return `${this.#array(shape.element, compact, nullable)}(r)`;
    }
  }

  #array(element: ValueLayout, compact: boolean, nullable: boolean): string {
    const minBytes = minBytesOf(element);
    if (minBytes === 0) throw new Error('an element that takes no bytes: nothing would bound how many follow');
    const length = lengthSource(compact ? 'compactLength' : 'length32', nullable);
    return this.#function(
      `  const count = r.${isNumber(element) ? 'count' : 'objects'}(${length}, ${minBytes});\n` +
        (nullable ? '  if (count < 0) return null;\n' : '') +
        '  const a = [];\n' +
        `  for (let i = 0; i < count; i++) a.push(${this.#value(element)});\n` +
        '  return a;\n',
    );
  }

  #function(body: string): string {
    const name = `f${this.#functions++}`;
    this.text += `function ${name}(r) {\n${body}}\n`;
    return name;
  }
}

function isNumber({ shape }: ValueLayout): boolean {
  return shape.kind === 'primitive' && !['string', 'uuid', 'bytes', 'records'].includes(shape.primitive);
}

function primitiveSource(primitive: string, compact: boolean, nullable: boolean): string {
  if (primitive === 'string') {
    return `r.string(${lengthSource(compact ? 'compactLength' : 'length16', nullable)})`;
  }
  if (primitive === 'bytes' || primitive === 'records') {
    return `r.bytes(${lengthSource(compact ? 'compactLength' : 'length32', nullable)})`;
  }
  return `r.${primitive}()`;
}

function lengthSource(method: string, nullable: boolean): string {
  return nullable ? `r.${method}()` : `r.notNull(r.${method}())`;
}

/** Source of the value that a field has when the message does not carry it. */
function defaultSource(field: FieldLayout): string {
  if (field.default !== undefined) return literalSource(field.default);
  switch (field.shape.kind) {
    case 'primitive':
      return 'EMPTY';
    case 'array':
      return '[]';
    case 'struct':
      return `{ ${field.shape.layout.fields.map((inner) => `${inner.name}: ${defaultSource(inner)}`).join(', ')} }`;
  }
}
