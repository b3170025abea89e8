import { topicDefinitions, topicSynonyms } from '../config/index.ts';
import { DIRECTORY_MIGRATING, DIRECTORY_UNASSIGNED } from './cluster-image.ts';
import type { PartitionImage } from './image.ts';
import type { OperationContext } from './operation.ts';
import type { PartitionRules } from './partition-change.ts';

/** A topic setting as the controller sees it: the topic's own, the cluster's default, this controller's properties. */
export function topicSetting(context: OperationContext, topic: string, name: string): string {
  const own = context.image.configs('topic', topic).get(name);
  if (own !== undefined) return own;
  const synonym = topicSynonyms.get(name)?.[0]?.name;
  const clusterDefault = synonym === undefined ? undefined : context.image.configs('broker', '').get(synonym);
  if (clusterDefault !== undefined) return clusterDefault;
  const fixed = synonym === undefined ? undefined : context.config.staticValues.get(synonym);
  return fixed ?? topicDefinitions.get(name)!.defaultValue ?? '';
}

export function minIsrOf(context: OperationContext, topic: string): number {
  return Number(topicSetting(context, topic, 'min.insync.replicas'));
}

/** What to do when no eligible replica is alive. */
export function electionOf(context: OperationContext, topic: string): 'online' | 'unclean' {
  return topicSetting(context, topic, 'unclean.leader.election.enable') === 'true' ? 'unclean' : 'online';
}

export function isElrEnabled(context: OperationContext): boolean {
  return (context.image.features.get('eligible.leader.replicas.version') ?? 0) >= 1;
}

/** Rules for a partition as brokers stand; `except` cannot lead, `plus` can, whatever the image says. */
export function partitionRules(
  context: OperationContext,
  partition: PartitionImage,
  change: { readonly except?: number; readonly plus?: number } = {},
): PartitionRules {
  return {
    canLead: (id) =>
      id !== change.except &&
      (id === change.plus || context.image.isActive(id)) &&
      hasOnlineDirectory(context, partition, id),
    minIsr: minIsrOf(context, partition.topic),
    elrEnabled: isElrEnabled(context),
  };
}

/** KIP-858: a replica whose directory has failed is as good as on a broker that is down. */
function hasOnlineDirectory(context: OperationContext, partition: PartitionImage, brokerId: number): boolean {
  const online = context.image.brokers.get(brokerId)?.directories ?? [];
  const directory = partition.directories[partition.replicas.indexOf(brokerId)];
  if (directory === undefined || online.length === 0) return true;
  if (directory === DIRECTORY_UNASSIGNED || directory === DIRECTORY_MIGRATING) return true;
  return online.includes(directory);
}

/** The directory for a new replica: known when the broker has but one (KIP-858). */
export function directoryFor(context: OperationContext, brokerId: number): string {
  const directories = context.image.brokers.get(brokerId)?.directories ?? [];
  return directories.length === 1 ? directories[0]! : DIRECTORY_UNASSIGNED;
}
