import {
  describeConfigs as describeConfigsApi,
  incrementalAlterConfigs as incrementalAlterConfigsApi,
} from '../../protocol/index.ts';
import type { AdminRequests, ItemOutcome } from './requests.ts';

export type ConfigResourceType = 'topic' | 'broker' | 'brokerLogger' | 'clientMetrics' | 'group';

export interface ConfigResource {
  readonly type: ConfigResourceType;
  /** Of a broker its id; '' for the defaults of all brokers. */
  readonly name: string;
}

const RESOURCE_CODES: Readonly<Record<ConfigResourceType, number>> = {
  topic: 2,
  broker: 4,
  brokerLogger: 8,
  clientMetrics: 16,
  group: 32,
};

const OPERATION_CODES = { set: 0, delete: 1, append: 2, subtract: 3 } as const;

export interface ConfigDescription extends ConfigResource, ItemOutcome {
  readonly configs: readonly {
    readonly name: string;
    /** null: not set, or secret. */
    readonly value: string | null;
    readonly readOnly: boolean;
    readonly sensitive: boolean;
    /** Kafka's ConfigSource: 1 topic, 2 broker, 3 default of all brokers, 4 static, 5 default. */
    readonly source: number;
    readonly isDefault: boolean;
  }[];
}

export interface ConfigChange {
  readonly name: string;
  readonly operation: keyof typeof OPERATION_CODES;
  readonly value: string | null;
}

/** Broker configs are asked at that broker, all others anywhere. `keys`: absent for all. */
export async function describeConfigs(
  requests: AdminRequests,
  resources: readonly (ConfigResource & { readonly keys?: readonly string[] })[],
  timeoutMs: number,
): Promise<ConfigDescription[]> {
  const described: ConfigDescription[] = [];
  for (const [nodeId, own] of byPlace(resources)) {
    const draft = {
      resources: own.map(({ type, name, keys }) => ({
        resourceType: RESOURCE_CODES[type],
        resourceName: name,
        configurationKeys: keys ?? null,
      })),
      includeSynonyms: false,
    };
    const response =
      nodeId === null
        ? await requests.any(describeConfigsApi, draft, timeoutMs)
        : await requests.node(nodeId, describeConfigsApi, draft, timeoutMs);
    for (const result of response.results) {
      described.push({
        type: typeOf(result.resourceType),
        name: result.resourceName,
        errorCode: result.errorCode,
        errorMessage: result.errorMessage,
        configs: result.configs.map(({ name, value, readOnly, isSensitive, configSource }) => ({
          name,
          value,
          readOnly,
          sensitive: isSensitive,
          source: configSource,
          isDefault: configSource === 5,
        })),
      });
    }
  }
  return described;
}

export async function incrementalAlterConfigs(
  requests: AdminRequests,
  resources: readonly (ConfigResource & { readonly changes: readonly ConfigChange[] })[],
  timeoutMs: number,
  validateOnly: boolean,
): Promise<(ConfigResource & ItemOutcome)[]> {
  const outcomes: (ConfigResource & ItemOutcome)[] = [];
  for (const [nodeId, own] of byPlace(resources)) {
    const draft = {
      resources: own.map(({ type, name, changes }) => ({
        resourceType: RESOURCE_CODES[type],
        resourceName: name,
        configs: changes.map(({ name: config, operation, value }) => ({
          name: config,
          configOperation: OPERATION_CODES[operation],
          value,
        })),
      })),
      validateOnly,
    };
    const response =
      nodeId === null
        ? await requests.any(incrementalAlterConfigsApi, draft, timeoutMs)
        : await requests.node(nodeId, incrementalAlterConfigsApi, draft, timeoutMs);
    for (const { resourceType, resourceName, errorCode, errorMessage } of response.responses) {
      outcomes.push({ type: typeOf(resourceType), name: resourceName, errorCode, errorMessage });
    }
  }
  return outcomes;
}

/** The broker to ask, null for any; in order of first mention. */
function byPlace<R extends ConfigResource>(resources: readonly R[]): Map<number | null, R[]> {
  const places = new Map<number | null, R[]>();
  for (const resource of resources) {
    const isOneBroker = (resource.type === 'broker' || resource.type === 'brokerLogger') && resource.name !== '';
    const place = isOneBroker ? Number(resource.name) : null;
    const known = places.get(place);
    if (known === undefined) places.set(place, [resource]);
    else known.push(resource);
  }
  return places;
}

function typeOf(code: number): ConfigResourceType {
  const found = Object.entries(RESOURCE_CODES).find(([, known]) => known === code);
  return (found?.[0] as ConfigResourceType | undefined) ?? 'topic';
}
