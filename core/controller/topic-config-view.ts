import { ConfigSource, topicDefinitions, topicSynonyms } from '../config/index.ts';
import type { OperationContext } from './operation.ts';

/** The effective settings of a topic that is being created, as CreateTopics answers them (KIP-525). */
export function createdTopicConfigs(
  context: OperationContext,
  own: ReadonlyMap<string, string | null>,
): { name: string; value: string | null; readOnly: boolean; configSource: number; isSensitive: boolean }[] {
  const clusterDefaults = context.image.configs('broker', '');
  return [...topicDefinitions.values()].map(({ name, defaultValue }) => {
    const entry = { name, readOnly: false, isSensitive: false };
    const explicit = own.get(name);
    if (explicit !== undefined) return { ...entry, value: explicit, configSource: ConfigSource.topic };
    for (const synonym of topicSynonyms.get(name) ?? []) {
      const scale = (value: string): string =>
        synonym.toTopicUnits === 1 ? value : String(Number(value) * synonym.toTopicUnits);
      const dynamic = clusterDefaults.get(synonym.name);
      if (dynamic !== undefined) {
        return { ...entry, value: scale(dynamic), configSource: ConfigSource.dynamicDefaultBroker };
      }
      const fixed = context.config.staticValues.get(synonym.name);
      if (fixed !== undefined) return { ...entry, value: scale(fixed), configSource: ConfigSource.staticBroker };
    }
    return { ...entry, value: defaultValue, configSource: ConfigSource.defaultValue };
  });
}
