import {
  brokerDefinitions,
  type ConfigDefinition,
  clientMetricsDefinitions,
  groupDefinitions,
  parseValue,
  splitList,
  topicConfigObjection,
  topicDefinitions,
} from '../config/index.ts';
import { clearElrRecord, configRecord, ErrorCode, type MetadataRecord, metadataRecord } from '../protocol/index.ts';
import type { ConfigResourceKind } from './image.ts';
import { configKindOf } from './image-builder.ts';
import type { OperationContext } from './operation.ts';
import { isElrEnabled, topicSetting } from './settings.ts';
import { topicNameObjection } from './topic-name.ts';

export const ConfigOperation = { set: 0, delete: 1, append: 2, subtract: 3 } as const;

export interface ConfigResource {
  readonly resourceType: number;
  readonly resourceName: string;
}

export interface ConfigChange {
  readonly name: string;
  readonly configOperation: number;
  readonly value: string | null;
}

export interface ConfigRefusal {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

const definitionsOf: Readonly<Record<ConfigResourceKind, ReadonlyMap<string, ConfigDefinition>>> = {
  topic: topicDefinitions,
  broker: brokerDefinitions,
  group: groupDefinitions,
  'client-metrics': clientMetricsDefinitions,
};

const MIN_ISR = 'min.insync.replicas';

/** Whether a resource can have settings at all; null when it can. */
export function resourceObjection(context: OperationContext, resource: ConfigResource): ConfigRefusal | null {
  const { resourceName: name } = resource;
  switch (configKindOf(resource.resourceType)) {
    case 'topic': {
      if (name === '') return invalid('Default topic resources are not allowed.');
      const badName = topicNameObjection(name);
      if (badName !== null) return { errorCode: ErrorCode.invalidTopicException, errorMessage: badName };
      if (context.image.topicsByName.has(name)) return null;
      return { errorCode: ErrorCode.unknownTopicOrPartition, errorMessage: `The topic '${name}' does not exist.` };
    }
    case 'broker':
      return name === '' || /^\d+$/.test(name) ? null : invalid(`Node id must be an integer, but it is: ${name}`);
    case 'client-metrics':
      return name === '' ? invalid("Subscription name can't be empty") : null;
    case 'group':
      return name === '' ? invalid('Default group resources are not allowed.') : null;
    case null:
      return invalid(`Unknown resource type ${resource.resourceType}`);
  }
}

/** The records for a list of changes to one resource, or why it cannot be changed. All of it or nothing. */
export function changeConfigs(
  context: OperationContext,
  resource: ConfigResource,
  changes: readonly ConfigChange[],
): readonly MetadataRecord[] | ConfigRefusal {
  const objection = resourceObjection(context, resource);
  if (objection !== null) return objection;
  if (new Set(changes.map((change) => change.name)).size !== changes.length) {
    return invalid('Error due to duplicate config keys');
  }
  const without = changes.filter(
    ({ configOperation, value }) => configOperation !== ConfigOperation.delete && value === null,
  );
  if (without.length > 0) return invalid(`Null value not supported for : ${without.map(({ name }) => name).join(',')}`);
  const kind = configKindOf(resource.resourceType)!;
  const current = context.image.configs(kind, resource.resourceName);
  const wanted = new Map<string, string | null>();
  for (const change of changes) {
    const value = newValue(context, kind, resource, current, change);
    if (typeof value === 'object' && value !== null) return value;
    wanted.set(change.name, value);
  }
  const refusal = valuesObjection(context, kind, resource, current, wanted);
  if (refusal !== null) return refusal;
  const records: MetadataRecord[] = [];
  for (const [name, value] of [...wanted].sort(([a], [b]) => (a < b ? -1 : 1))) {
    // A broker's setting is written again even when it is the same: it may name a file whose content has changed.
    if (kind !== 'broker' && (current.get(name) ?? null) === value) continue;
    if (value === null && !current.has(name)) continue;
    const { resourceType, resourceName } = resource;
    records.push(metadataRecord(configRecord, 0, { resourceType, resourceName, name, value }));
    // Eligible replicas were computed from the old minimum (KIP-966).
    if (name === MIN_ISR && isElrEnabled(context) && (kind === 'topic' || resourceName === '')) {
      records.push(metadataRecord(clearElrRecord, 0, { topicName: kind === 'topic' ? resourceName : '' }));
    }
  }
  return records;
}

function newValue(
  context: OperationContext,
  kind: ConfigResourceKind,
  resource: ConfigResource,
  current: ReadonlyMap<string, string>,
  change: ConfigChange,
): string | null | ConfigRefusal {
  const { name, configOperation, value } = change;
  const definition = definitionsOf[kind].get(name);
  switch (configOperation) {
    case ConfigOperation.set:
      return value;
    case ConfigOperation.delete:
      return null;
    case ConfigOperation.append:
    case ConfigOperation.subtract: {
      const verb = configOperation === ConfigOperation.append ? 'APPEND' : 'SUBTRACT';
      if (definition?.type !== 'list') {
        const errorMessage = `Can't ${verb} to key ${name} because its type is not LIST.`;
        return { errorCode: ErrorCode.invalidConfig, errorMessage };
      }
      const effective =
        current.get(name) ??
        (kind === 'topic' ? topicSetting(context, resource.resourceName, name) : (definition.defaultValue ?? ''));
      const before = splitList(effective);
      const given = splitList(value ?? '');
      const after =
        configOperation === ConfigOperation.append
          ? [...before, ...given.filter((element) => !before.includes(element))]
          : before.filter((element) => !given.includes(element));
      return after.join(',');
    }
    default:
      return invalid(`Unknown alter configs operation ${configOperation}`);
  }
}

function valuesObjection(
  context: OperationContext,
  kind: ConfigResourceKind,
  resource: ConfigResource,
  current: ReadonlyMap<string, string>,
  wanted: ReadonlyMap<string, string | null>,
): ConfigRefusal | null {
  const refuse = (errorMessage: string): ConfigRefusal => ({ errorCode: ErrorCode.invalidConfig, errorMessage });
  const after = new Map(current);
  for (const [name, value] of wanted) {
    if (value === null) after.delete(name);
    else after.set(name, value);
  }
  if (kind === 'topic') {
    const message = topicConfigObjection(after);
    return message === null ? null : refuse(message);
  }
  if (kind === 'broker') {
    if (wanted.has(MIN_ISR) && isElrEnabled(context)) {
      if (resource.resourceName !== '') {
        return refuse('Broker-level min.insync.replicas cannot be altered while ELR is enabled.');
      }
      if (wanted.get(MIN_ISR) === null) {
        return refuse('Cluster-level min.insync.replicas cannot be removed while ELR is enabled.');
      }
    }
    const fixed = [...wanted.keys()].filter((name) => brokerDefinitions.get(name)?.dynamic === false);
    if (fixed.length > 0) return invalid(`Cannot update these configs dynamically: [${fixed.join(', ')}]`);
  }
  const definitions = definitionsOf[kind];
  for (const [name, value] of wanted) {
    if (value === null) continue;
    const definition = definitions.get(name);
    if (definition === undefined) {
      // Plugins of a broker have settings of their own; groups and subscriptions have not.
      if (kind === 'broker') continue;
      return kind === 'group'
        ? refuse(`Unknown group config name: ${name}`)
        : invalid(`Unknown client metrics configuration: ${name}`);
    }
    const parsed = parseValue(definition, value);
    if (kind === 'client-metrics' && name === 'interval.ms' && parsed.kind === 'refused') {
      return refuse(`Invalid value ${value} for interval.ms, interval must be between 100 and 3600000 (1 hour)`);
    }
    if (kind === 'group' && parsed.kind === 'value') {
      const message = groupBoundObjection(context, name, parsed.value);
      if (message !== null) return refuse(message);
    }
    if (parsed.kind === 'refused') return kind === 'broker' ? invalid(parsed.message) : refuse(parsed.message);
  }
  return null;
}

/** A group's own value lies between the brokers' `group.<kind>.min.…` and `group.<kind>.max.…`. */
function groupBoundObjection(context: OperationContext, name: string, value: unknown): string | null {
  const dot = name.indexOf('.');
  const bound = (side: 'min' | 'max'): string => `group.${name.slice(0, dot)}.${side}.${name.slice(dot + 1)}`;
  if (typeof value !== 'number') return null;
  const [min, max] = [bound('min'), bound('max')];
  if (brokerDefinitions.has(min) && value < context.config.number(min)) {
    return `${name} must be greater than or equal to ${min}`;
  }
  if (brokerDefinitions.has(max) && value > context.config.number(max)) {
    return `${name} must be less than or equal to ${max}`;
  }
  return null;
}

function invalid(errorMessage: string): ConfigRefusal {
  return { errorCode: ErrorCode.invalidRequest, errorMessage };
}
