import { isMap, isSeq } from 'yaml';
import { quote } from './diagnostics.ts';
import type { FaultAction, FaultKind, FaultPlan, FaultSpec, FaultTime, Selector } from './fault.ts';
import { FAULT_KINDS, KINDS } from './fault-kinds.ts';
import {
  type Entry,
  entriesOf,
  inherit,
  object,
  optional,
  type Read,
  readFields,
  reportUnknownKey,
  required,
} from './object-schema.ts';
import { duration, isMapNode, positiveDuration } from './scalars.ts';
import {
  below,
  boolean,
  type JsonSchema,
  list,
  type Place,
  report,
  reportExpected,
  type Schema,
  word,
} from './schema.ts';

function isKind(key: string): key is FaultKind {
  return Object.hasOwn(KINDS, key);
}

const timeFields = {
  at: optional(duration, null, 'When, from the start of the load (the warm-up counts).'),
  every: optional(positiveDuration, null, 'Again and again, this far apart (on average).'),
  arrival: optional(word('constant', 'poisson'), 'constant', 'Spacing of a repeated fault.'),
  from: optional(duration, null, 'First moment of a repeated fault; default: one interval after the start.'),
  until: optional(duration, null, 'Last moment; default: end of the measured part.'),
  survivable: optional(
    boolean,
    false,
    'sim: left out where it would leave some partition without an in-sync replica that has not just ended.',
  ),
};

const ENTRY = 'a fault such as { at: 10s, kill: any, restart-after: 5s }';

/** The one action that `entries` name; parameters may stand beside the kind or in its map. */
function readAction(entries: readonly Entry[], place: Place, otherKeys: readonly string[]): FaultAction | undefined {
  const kinds = entries.filter(({ key }) => isKind(key));
  const [chosen, second] = kinds;
  if (chosen === undefined) {
    for (const entry of entries) reportUnknownKey(entry, place, [...FAULT_KINDS, ...otherKeys]);
    if (entries.length > 0) return undefined;
    return report(place, 'missing-key', `${place.path}: names no fault; expected one of ${FAULT_KINDS.join(', ')}`);
  }
  if (second !== undefined) {
    const at = { ...place, node: second.keyNode };
    return report(at, 'conflict', `${place.path}: both ${chosen.key} and ${second.key}; one fault an entry, or one-of`);
  }
  const { subject, fields, make } = KINDS[chosen.key as FaultKind];
  const at = below(place, chosen.value, chosen.key);
  const parameters: Entry[] = entries.filter((entry) => entry !== chosen);
  for (const entry of parameters) {
    if (!Object.hasOwn(fields, entry.key))
      reportUnknownKey(entry, place, [...otherKeys, ...Object.keys(fields).filter((key) => key !== subject)]);
  }
  const inner: Entry[] = isMap(at.node)
    ? entriesOf(at, at.node)
    : [{ key: subject, keyNode: chosen.keyNode, value: chosen.value, path: at.path }];
  const known = parameters
    .filter(({ key }) => Object.hasOwn(fields, key))
    .map((entry) => ({ ...entry, path: `${place.path}.${entry.key}` }));
  for (const entry of known) {
    if (inner.some(({ key }) => key === entry.key)) {
      return report(
        { ...place, node: entry.keyNode },
        'duplicate-key',
        `${place.path}: ${quote(entry.key)} stands both beside ${chosen.key} and in it`,
      );
    }
  }
  const read = readFields([...inner, ...known], at, fields);
  return read === undefined ? undefined : inherit(make(read as never), read);
}

const action: Schema<FaultAction> = {
  expected: 'a fault such as { power-loss: any }',
  get json() {
    return { type: 'object', properties: actionProperties() };
  },
  read(place) {
    if (!isMap(place.node)) return reportExpected(place, 'type', this.expected);
    return readAction(entriesOf(place, place.node), place, []);
  },
};

function actionProperties(): JsonSchema {
  const properties: Record<string, unknown> = {};
  for (const [name, { subject, fields, doc }] of Object.entries(KINDS)) {
    const whole = object('', fields).json;
    properties[name] = { description: doc, anyOf: [fields[subject]!.schema.json, { ...whole, required: [subject] }] };
    for (const [key, field] of Object.entries(fields)) {
      if (key !== subject) properties[key] ??= { ...field.schema.json, description: field.doc };
    }
  }
  return properties;
}

const TIME_KEYS = [...Object.keys(timeFields), 'one-of'];

const fault: Schema<Omit<FaultSpec, 'id'>> = {
  expected: ENTRY,
  get json() {
    const times = object('', timeFields).json.properties as object;
    return {
      type: 'object',
      additionalProperties: false,
      properties: { ...times, 'one-of': { type: 'array', items: action.json, minItems: 1 }, ...actionProperties() },
      oneOf: [{ required: ['at'] }, { required: ['every'] }],
    };
  },
  read(place) {
    if (!isMap(place.node)) return reportExpected(place, 'type', ENTRY);
    const entries = entriesOf(place, place.node);
    const timing = readFields(
      entries.filter(({ key }) => Object.hasOwn(timeFields, key)),
      place,
      timeFields,
    )!;
    const when = faultTime(timing, place);
    const rest = entries.filter(({ key }) => !Object.hasOwn(timeFields, key));
    const choice = rest.find(({ key }) => key === 'one-of');
    if (choice === undefined) {
      const only = readAction(rest, place, TIME_KEYS);
      return when === undefined || only === undefined ? undefined : inherit({ when, oneOf: [only] }, timing);
    }
    for (const entry of rest) {
      if (entry !== choice) reportUnknownKey(entry, place, TIME_KEYS);
    }
    const oneOf = list(action, { min: 1 }).read(below(place, choice.value, 'one-of'));
    return when === undefined || oneOf === undefined ? undefined : inherit({ when, oneOf }, timing);
  },
};

function faultTime(read: Read<typeof timeFields>, place: Place): FaultTime | undefined {
  if (read.at !== null && read.every !== null)
    return report(place, 'conflict', `${place.path}: either at or every, not both`);
  if (read.at !== null) return { kind: 'at', atMs: read.at };
  if (read.every === null) {
    return report(place, 'missing-key', `${place.path}: "at" or "every" is missing; expected ${ENTRY}`);
  }
  const fromMs = read.from ?? read.every;
  if (read.until !== null && read.until < fromMs)
    return report(place, 'conflict', `${place.path}: until is before from`);
  const survivable = read.survivable ? { survivable: true as const } : {};
  return { kind: 'every', everyMs: read.every, arrival: read.arrival, fromMs, untilMs: read.until, ...survivable };
}

const faultWord: Schema<FaultKind> = word(...FAULT_KINDS);

const swarm = object('{ swarm: { every, kinds } }', {
  swarm: required(
    object('a map { every, kinds }', {
      every: optional(positiveDuration, 5_000, 'Mean time between faults; default 5s.'),
      kinds: optional(
        list(faultWord, { min: 1 }),
        null,
        'Kinds to draw from; default: all that the target can inject.',
      ),
    }),
    'Random faults, drawn from the seed.',
  ),
});

/** `kinds: []` stands for "all that the target can inject" until the target is known (check.ts). */
export const faultPlan: Schema<FaultPlan> = {
  expected: 'swarm, or a list of faults',
  get json() {
    return { anyOf: [{ const: 'swarm' }, swarm.json, { type: 'array', items: fault.json }] };
  },
  read(place) {
    if (isSeq(place.node)) {
      const read = list(fault).read(place);
      if (read === undefined) return undefined;
      return { kind: 'list', faults: read.map((each, index) => inherit({ id: `f${index + 1}`, ...each }, each)) };
    }
    if (isMapNode(place.node)) {
      const read = swarm.read(place);
      if (read === undefined) return undefined;
      const plan: FaultPlan = { kind: 'swarm', everyMs: read.swarm.every, kinds: read.swarm.kinds ?? [] };
      return inherit(plan, read.swarm);
    }
    const bare = word('swarm').read(place);
    return bare === undefined ? undefined : { kind: 'swarm', everyMs: 5_000, kinds: [] };
  },
};

/** Every selector of an action, with the key it was written under. */
export function selectorsOf(action: FaultAction): { readonly key: string; readonly selector: Selector }[] {
  if (action.kind === 'partition') {
    return action.shape.kind === 'isolate' ? [{ key: 'shape', selector: action.shape.target }] : [];
  }
  const found = [{ key: 'broker', selector: action.target }];
  return action.kind === 'disk-swap' ? [...found, { key: 'with', selector: action.with }] : found;
}
