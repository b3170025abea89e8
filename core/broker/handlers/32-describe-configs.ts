import {
  brokerDefinitions,
  type ConfigDefinition,
  ConfigSource,
  type ConfigType,
  clientMetricsDefinitions,
  groupDefinitions,
  type SourcedValue,
  TopicConfig,
  topicDefinitions,
} from '../../config/index.ts';
import { ConfigResourceType } from '../../controller/image-builder.ts';
import { topicNameObjection } from '../../controller/topic-name.ts';
import {
  type DescribeConfigsRequest,
  type DescribeConfigsResponseDraft,
  describeConfigs,
  type ElementOf,
  ErrorCode,
} from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import type { BrokerServices } from '../services.ts';

type Services = Pick<BrokerServices, 'metadata' | 'config'>;
type Resource = ElementOf<DescribeConfigsRequest['resources']>;
type Result = ElementOf<DescribeConfigsResponseDraft['results']>;
type Entry = ElementOf<Result['configs']>;

const typeCodes: Readonly<Record<ConfigType, number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9,
};

/**
 * Settings of topics, brokers, groups, client metrics subscriptions and loggers, with where each value comes from
 * (KIP-226) and what it would be otherwise. v3: types; documentation texts are not kept here. A password is never told.
 */
export function describeConfigsHandler(services: Services): Handler<typeof describeConfigs> {
  return {
    api: describeConfigs,
    handle(request) {
      return {
        results: request.resources.map((resource) => {
          const { resourceType, resourceName } = resource;
          const described = describe(services, resource);
          if ('errorCode' in described) return { resourceType, resourceName, ...described, configs: [] };
          const keys = resource.configurationKeys;
          const wanted = keys === null || keys.length === 0 ? null : new Set(keys);
          const configs = described
            .filter((entry) => wanted === null || wanted.has(entry.name ?? ''))
            .map((entry) => (request.includeSynonyms ? entry : { ...entry, synonyms: [] }));
          // Kafka says '' here, not null, and clients have come to rely on it.
          return { resourceType, resourceName, errorCode: ErrorCode.none, errorMessage: '', configs };
        }),
      };
    },
  };
}

function describe(services: Services, resource: Resource): Entry[] | { errorCode: number; errorMessage: string } {
  const { resourceName: name } = resource;
  const { metadata, config } = services;
  switch (resource.resourceType) {
    case ConfigResourceType.topic: {
      const objection = topicNameObjection(name);
      if (objection !== null) return { errorCode: ErrorCode.invalidTopicException, errorMessage: objection };
      if (!metadata.image.topicsByName.has(name)) {
        return { errorCode: ErrorCode.unknownTopicOrPartition, errorMessage: '' };
      }
      const topic = new TopicConfig(config, metadata.image.configs('topic', name));
      return [...topicDefinitions.values()].map((definition) =>
        entryOf(definition, topic.effective(definition.name), shownSynonyms(topic.synonyms(definition.name)), false),
      );
    }
    case ConfigResourceType.broker: {
      if (name === '') return clusterDefaults(services);
      if (name !== String(config.nodeId)) {
        const errorMessage = `Unexpected broker id, expected ${config.nodeId} or empty string, but received ${name}`;
        return { errorCode: ErrorCode.invalidRequest, errorMessage };
      }
      return [...brokerDefinitions.values()].map((definition) =>
        entryOf(definition, config.effective(definition.name), config.sources(definition.name), !definition.dynamic),
      );
    }
    case ConfigResourceType.brokerLogger: {
      if (name !== String(config.nodeId)) {
        const errorMessage = `Unexpected broker id, expected ${config.nodeId} but received ${name}`;
        return { errorCode: ErrorCode.invalidRequest, errorMessage };
      }
      // One logger, whose level is fixed when the node starts.
      const entry = { name: 'root', value: 'INFO', readOnly: true, configSource: ConfigSource.brokerLogger };
      return [{ ...entry, isSensitive: false, synonyms: [], configType: 0, documentation: null }];
    }
    case ConfigResourceType.clientMetrics:
      if (name === '')
        return {
          errorCode: ErrorCode.invalidRequest,
          errorMessage: 'Client metrics subscription name must not be empty',
        };
      return resourceEntries(
        clientMetricsDefinitions,
        metadata.image.configs('client-metrics', name),
        ConfigSource.clientMetrics,
        () => [],
      );
    case ConfigResourceType.group:
      if (name === '') return { errorCode: ErrorCode.invalidRequest, errorMessage: 'Group name must not be empty' };
      return resourceEntries(groupDefinitions, metadata.image.configs('group', name), ConfigSource.group, (group) =>
        brokerDefinitions.has(`group.${group}`) ? config.sources(`group.${group}`) : [],
      );
    default:
      return {
        errorCode: ErrorCode.invalidRequest,
        errorMessage: `Unsupported resource type: ${resource.resourceType}`,
      };
  }
}

/** Kafka tells the default of a synonym in other units only where one of the synonyms has been set. */
function shownSynonyms(synonyms: readonly SourcedValue[]): readonly SourcedValue[] {
  const isSet = synonyms.some(({ source }) => source !== ConfigSource.topic && source !== ConfigSource.defaultValue);
  const inOtherUnits = /\.(hours|minutes)$|^log\.flush\.scheduler/;
  return synonyms.filter(
    ({ name, source }) => isSet || source !== ConfigSource.defaultValue || !inOtherUnits.test(name),
  );
}

/** What the cluster sets for all brokers, and nothing else. */
function clusterDefaults({ metadata }: Services): Entry[] {
  const entries: Entry[] = [];
  for (const [name, value] of metadata.image.configs('broker', '')) {
    const definition = brokerDefinitions.get(name);
    if (definition === undefined) continue;
    const source = { name, value, source: ConfigSource.dynamicDefaultBroker };
    entries.push(entryOf(definition, source, [source], !definition.dynamic));
  }
  return entries;
}

function resourceEntries(
  definitions: ReadonlyMap<string, ConfigDefinition>,
  own: ReadonlyMap<string, string>,
  source: ConfigSource,
  fallbacks: (name: string) => readonly SourcedValue[],
): Entry[] {
  return [...definitions.values()].map((definition) => {
    const { name, defaultValue } = definition;
    const value = own.get(name);
    const synonyms = [...(value === undefined ? [] : [{ name, value, source }]), ...fallbacks(name)];
    const effective = synonyms[0] ?? { name, value: defaultValue, source: ConfigSource.defaultValue };
    return entryOf(definition, effective, synonyms, false);
  });
}

function entryOf(
  definition: ConfigDefinition,
  effective: SourcedValue,
  synonyms: readonly SourcedValue[],
  readOnly: boolean,
): Entry {
  const isSensitive = definition.type === 'password';
  return {
    name: definition.name,
    value: isSensitive ? null : effective.value,
    readOnly,
    configSource: effective.source,
    isSensitive,
    synonyms: synonyms.map(({ name, value, source }) => ({ name, value: isSensitive ? null : value, source })),
    configType: typeCodes[definition.type],
    documentation: null,
  };
}
