import { EVENT_FORMS, type Field, HISTORY_SCHEMA } from './form.ts';

const NUMBERS = { type: 'array', items: { type: 'integer' } } as const;
const SETTINGS = { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } } as const;
const ISOLATION = { enum: ['read_uncommitted', 'read_committed'] } as const;

/** JSON Schema of one line of a history, whichever it is. */
export function historySchema(): object {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'One line of a Faultline history',
    description:
      'A history is one JSON object a line: the header, then events in time order for each actor, then the end. Times are nanoseconds since the start.',
    oneOf: [
      header(),
      ...Object.entries(EVENT_FORMS).map(([name, { about, fields }]) => eventOf(name, about, fields)),
      ...others(),
    ],
  };
}

function header(): object {
  const producer = {
    type: 'object',
    properties: {
      kind: { const: 'producer' },
      acks: { enum: [-1, 0, 1] },
      idempotent: { type: 'boolean' },
      transactional: { type: 'boolean' },
    },
    required: ['kind', 'acks'],
  };
  const consumer = {
    type: 'object',
    properties: { kind: { const: 'consumer' }, group: { type: ['string', 'null'] }, isolation: ISOLATION },
    required: ['kind'],
  };
  const auditor = {
    type: 'object',
    description: 'Reads everything after healing; its reads decide what is lost.',
    properties: { kind: { const: 'auditor' }, isolation: ISOLATION },
    required: ['kind'],
  };
  return {
    title: 'header',
    type: 'object',
    properties: {
      faultline: { const: 'history' },
      schema: { const: HISTORY_SCHEMA },
      run: {
        type: 'object',
        properties: { workload: { type: 'string' }, target: { type: 'string' }, seed: { type: 'integer' } },
      },
      actors: {
        type: 'array',
        items: {
          type: 'object',
          properties: { name: { type: 'string' }, role: { oneOf: [producer, consumer, auditor] } },
          required: ['name', 'role'],
        },
      },
      partitions: {
        type: 'array',
        items: {
          type: 'object',
          properties: { topic: { type: 'string' }, partition: { type: 'integer', minimum: 0 } },
          required: ['topic', 'partition'],
        },
      },
      configs: {
        type: 'object',
        description: "What was promised, in Kafka's own names.",
        properties: {
          brokers: NUMBERS,
          broker: SETTINGS,
          topics: {
            type: 'array',
            items: {
              type: 'object',
              properties: {
                name: { type: 'string' },
                replicationFactor: { type: 'integer', minimum: 1 },
                replicas: { type: 'array', items: NUMBERS },
                config: SETTINGS,
              },
              required: ['name', 'replicationFactor'],
            },
          },
          clients: { type: 'object', additionalProperties: SETTINGS },
        },
      },
    },
    required: ['faultline', 'schema', 'actors', 'partitions'],
  };
}

function eventOf(name: string, about: string, fields: readonly Field[]): object {
  return {
    title: name,
    description: about,
    type: 'object',
    properties: {
      event: { const: name },
      t: { type: 'number', description: 'nanoseconds since the start' },
      actor: { type: 'integer', minimum: 0, description: 'index in the list of actors of the header' },
      ...Object.fromEntries(fields.map((field) => [field.name, { ...typeOf(field), description: field.about }])),
    },
    required: ['event', 't', 'actor', ...fields.filter((field) => !field.optional).map((field) => field.name)],
  };
}

function typeOf({ name, form }: Field): object {
  if (form.kind === 'flag') return { type: 'boolean' };
  if (form.kind === 'word') return { enum: Object.keys(form.words) };
  return { type: name === 'intended' || name === 'asked' ? 'number' : 'integer' };
}

function others(): object[] {
  const line = (name: string, description: string, properties: object, required: readonly string[]) => ({
    title: name,
    description,
    type: 'object',
    properties: { event: { const: name }, ...properties },
    required: ['event', ...required],
  });
  return [
    line(
      'fault',
      'What was done to the cluster.',
      {
        id: { type: 'string' },
        kind: { type: 'string' },
        target: { type: 'string' },
        brokers: NUMBERS,
        atNs: { type: 'number' },
        untilNs: { type: ['number', 'null'], description: 'when the brokers were back; null: never, or not known' },
        confirmed: { type: 'boolean', description: 'whether it was seen to take effect' },
        byChance: { type: 'boolean' },
      },
      ['id', 'kind', 'brokers', 'atNs', 'confirmed'],
    ),
    line('watched', 'Somebody watched leaders and in-sync replicas over the whole run.', {}, []),
    line(
      'leader',
      'Leader and in-sync replicas of a partition from a moment on.',
      {
        timeNs: { type: 'number' },
        partition: { type: 'integer', minimum: 0 },
        leader: { type: 'integer', description: '-1: none' },
        leaderEpoch: { type: 'integer' },
        isr: NUMBERS,
        unclean: { type: 'boolean', description: 'elected from outside of the in-sync replicas' },
      },
      ['timeNs', 'partition', 'leader', 'leaderEpoch', 'isr'],
    ),
    line(
      'end',
      'How the run ended; a history without it breaks off and cannot pass.',
      {
        drained: { type: 'boolean', description: 'writers had all their answers and auditors reached every log end' },
        reason: { type: 'string' },
        missing: { ...NUMBERS, description: 'actors whose rows did not all arrive' },
      },
      ['drained'],
    ),
  ];
}
