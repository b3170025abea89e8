import { type FieldLayout, type Layout, layoutOf, type Shape } from './layout.ts';
import { type Draft, type Message, type MessageSchema, parseVersions } from './schema.ts';

const layouts = new WeakMap<MessageSchema, Layout>();

/** A draft with every absent field at its default: what decoding its encoding would give. */
export function complete<S extends MessageSchema>(schema: S, draft: Draft<S>): Message<S> {
  let layout = layouts.get(schema);
  if (layout === undefined) {
    layout = layoutOf(schema, parseVersions(schema.versions)?.max ?? 0);
    layouts.set(schema, layout);
  }
  return completeStruct(layout, draft) as Message<S>;
}

function completeStruct(layout: Layout, draft: object): object {
  const given = draft as Record<string, unknown>;
  const whole: Record<string, unknown> = {};
  for (const field of layout.fields) {
    const value = given[field.name];
    whole[field.name] = value === undefined ? defaultValue(field) : completeValue(field.shape, value);
  }
  if (given.unknownTags !== undefined) whole.unknownTags = given.unknownTags;
  return whole;
}

function completeValue(shape: Shape, value: unknown): unknown {
  if (value === null || shape.kind === 'primitive') return value;
  if (shape.kind === 'struct') return completeStruct(shape.layout, value as object);
  return (value as readonly unknown[]).map((element) => completeValue(shape.element.shape, element));
}

function defaultValue(field: FieldLayout): unknown {
  if (field.default !== undefined) return field.default;
  if (field.shape.kind === 'array') return [];
  return field.shape.kind === 'struct' ? completeStruct(field.shape.layout, {}) : new Uint8Array(0);
}
