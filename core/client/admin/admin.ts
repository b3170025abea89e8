import type { Runtime } from '../../runtime.ts';
import type { LeaderAnswer, TopicPartition } from '../by-leader.ts';
import { Cluster } from '../cluster.ts';
import { type ConfigInput, type ConfigValues, commonRules, readConfig } from '../config.ts';
import type { OffsetToCommit } from '../consumer/group/commits.ts';
import { type FoundOffset, lookUpOffsets, type OffsetQuery } from '../offset-lookup.ts';
import * as configs from './configs.ts';
import * as groups from './groups.ts';
import * as replicas from './replicas.ts';
import { AdminRequests, type ItemOutcome } from './requests.ts';
import * as topics from './topics.ts';

/** Kafka's admin configs (AdminClientConfig) that this client has, with Kafka's defaults. */
export const adminRules = {
  'default.api.timeout.ms': { type: 'int', default: 60000, min: 0 },
} as const;

const allRules = { ...commonRules, ...adminRules };

export interface AdminOptions {
  readonly runtime: Runtime;
  /** Kafka's admin configs by name; bootstrap.servers is needed. */
  readonly config: ConfigInput;
}

export interface RequestOptions {
  /** Default: default.api.timeout.ms. */
  readonly timeoutMs?: number;
  /** Checks only, where Kafka can: creations and configs. */
  readonly validateOnly?: boolean;
}

/**
 * Kafka's admin operations. Each is bounded in time and throws ClientError when it could not be carried out as a whole;
 * what a broker says of a single item is a value (`errorCode`, 0 for success).
 */
export class Admin {
  readonly config: ConfigValues<typeof commonRules> & ConfigValues<typeof adminRules>;
  readonly #cluster: Cluster;
  readonly #requests: AdminRequests;

  /** @throws ClientError 'configuration'. Connects when there is something to ask. */
  constructor(options: AdminOptions) {
    this.config = readConfig(allRules, options.config);
    this.#cluster = new Cluster(options.runtime, this.config);
    this.#requests = new AdminRequests(this.#cluster);
  }

  createTopics(
    wanted: readonly topics.NewTopic[],
    options: RequestOptions = {},
  ): Promise<(ItemOutcome & { readonly name: string; readonly id: string })[]> {
    return topics.createTopics(this.#requests, wanted, this.#timeout(options), options.validateOnly ?? false);
  }

  deleteTopics(
    names: readonly string[],
    options: RequestOptions = {},
  ): Promise<(ItemOutcome & { readonly name: string })[]> {
    return topics.deleteTopics(this.#requests, names, this.#timeout(options));
  }

  /** All topics when `names` is null. */
  describeTopics(names: readonly string[] | null, options: RequestOptions = {}): Promise<topics.TopicDescription[]> {
    return topics.describeTopics(this.#requests, names, this.#timeout(options));
  }

  createPartitions(
    wanted: readonly { readonly name: string; readonly count: number }[],
    options: RequestOptions = {},
  ): Promise<(ItemOutcome & { readonly name: string })[]> {
    return topics.createPartitions(this.#requests, wanted, this.#timeout(options), options.validateOnly ?? false);
  }

  /** `value`: the new log start offset. */
  deleteRecords(
    wanted: readonly topics.RecordsToDelete[],
    options: RequestOptions = {},
  ): Promise<LeaderAnswer<number>[]> {
    return topics.deleteRecords(this.#requests, wanted, this.#timeout(options));
  }

  listOffsets(
    queries: readonly OffsetQuery[],
    options: RequestOptions & { readonly readCommitted?: boolean } = {},
  ): Promise<LeaderAnswer<FoundOffset>[]> {
    return lookUpOffsets(this.#cluster, queries, options.readCommitted ?? false, this.#timeout(options));
  }

  describeConfigs(
    resources: readonly (configs.ConfigResource & { readonly keys?: readonly string[] })[],
    options: RequestOptions = {},
  ): Promise<configs.ConfigDescription[]> {
    return configs.describeConfigs(this.#requests, resources, this.#timeout(options));
  }

  incrementalAlterConfigs(
    resources: readonly (configs.ConfigResource & { readonly changes: readonly configs.ConfigChange[] })[],
    options: RequestOptions = {},
  ): Promise<(configs.ConfigResource & ItemOutcome)[]> {
    const validateOnly = options.validateOnly ?? false;
    return configs.incrementalAlterConfigs(this.#requests, resources, this.#timeout(options), validateOnly);
  }

  describeCluster(options: RequestOptions = {}): Promise<replicas.ClusterDescription> {
    return replicas.describeCluster(this.#requests, this.#timeout(options));
  }

  describeQuorum(options: RequestOptions = {}): Promise<replicas.QuorumDescription> {
    return replicas.describeQuorum(this.#requests, this.#timeout(options));
  }

  describeLogDirs(brokerIds: readonly number[], options: RequestOptions = {}): Promise<replicas.LogDirDescription[]> {
    return replicas.describeLogDirs(this.#requests, brokerIds, this.#timeout(options));
  }

  /** All partitions when `partitions` is null. */
  electLeaders(
    kind: 'preferred' | 'unclean',
    partitions: readonly TopicPartition[] | null,
    options: RequestOptions = {},
  ): Promise<(TopicPartition & ItemOutcome)[]> {
    return replicas.electLeaders(this.#requests, kind, partitions, this.#timeout(options));
  }

  /** `replicas` null cancels. */
  alterPartitionReassignments(
    wanted: readonly (TopicPartition & { readonly replicas: readonly number[] | null })[],
    options: RequestOptions = {},
  ): Promise<(TopicPartition & ItemOutcome)[]> {
    return replicas.alterPartitionReassignments(this.#requests, wanted, this.#timeout(options));
  }

  listPartitionReassignments(
    partitions: readonly TopicPartition[] | null,
    options: RequestOptions = {},
  ): Promise<replicas.OngoingReassignment[]> {
    return replicas.listPartitionReassignments(this.#requests, partitions, this.#timeout(options));
  }

  listGroups(options: RequestOptions = {}): Promise<groups.GroupListing[]> {
    return groups.listGroups(this.#requests, this.#timeout(options));
  }

  describeGroups(groupIds: readonly string[], options: RequestOptions = {}): Promise<groups.GroupDescription[]> {
    return groups.describeGroups(this.#requests, groupIds, this.#timeout(options));
  }

  deleteGroups(
    groupIds: readonly string[],
    options: RequestOptions = {},
  ): Promise<(ItemOutcome & { readonly groupId: string })[]> {
    return groups.deleteGroups(this.#requests, groupIds, this.#timeout(options));
  }

  /** All committed offsets when `partitions` is null. */
  listGroupOffsets(
    groupId: string,
    partitions: readonly TopicPartition[] | null = null,
    options: RequestOptions = {},
  ): Promise<groups.GroupOffset[]> {
    return groups.listGroupOffsets(this.#requests, groupId, partitions, this.#timeout(options));
  }

  /** For a group without members. */
  alterGroupOffsets(groupId: string, offsets: readonly OffsetToCommit[], options: RequestOptions = {}): Promise<void> {
    return groups.alterGroupOffsets(this.#requests, groupId, offsets, this.#timeout(options));
  }

  deleteGroupOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    options: RequestOptions = {},
  ): Promise<(TopicPartition & { readonly errorCode: number })[]> {
    return groups.deleteGroupOffsets(this.#requests, groupId, partitions, this.#timeout(options));
  }

  close(): void {
    this.#cluster.close();
  }

  #timeout(options: RequestOptions): number {
    return options.timeoutMs ?? this.config['default.api.timeout.ms'];
  }
}
