import type { ClauseSetting, VerdictResult } from '../reports/verdict/result.ts';
import { topicNames, type Workload } from '../workloads/workload.ts';

/**
 * The overrides of a workload file that would have kept what its configuration let go: the settings that the clauses
 * name, where they stand in the file. Empty when nothing was lost, or when settings alone do not keep it.
 */
export function remedyOf(workload: Workload, verdict: VerdictResult): string[] {
  const overrides = new Set<string>();
  for (const rule of verdict.rules) {
    if (rule.result !== 'allowed') continue;
    for (const setting of rule.settings ?? []) for (const path of pathsOf(workload, setting)) overrides.add(path);
  }
  if (overrides.size === 0) return [];
  if (workload.expect.some(({ kind }) => kind === 'durability')) overrides.add('expect.durability=pass');
  return [...overrides];
}

function pathsOf({ topics, producers }: Workload, setting: ClauseSetting): string[] {
  const { name, value } = setting;
  switch (setting.of) {
    case 'brokers':
      return [`cluster.config.${name}=${value}`];
    case 'features':
      return [`cluster.features.${name}=${value}`];
    case 'topic':
    case 'producers': {
      const index = topics.findIndex((topic) => topicNames(topic).includes(setting.topic));
      const topic = topics[index];
      if (topic === undefined) return [];
      if (setting.of === 'topic') return [`topics[${index}].config.${name}=${value}`];
      return producers.flatMap((producer, at) =>
        producer.topic === topic.name ? [`producers[${at}].client.${name}=${value}`] : [],
      );
    }
  }
}

/** The command of the run with these overrides; null where the run has no command that takes any. */
export function remedyCommand(replay: string, overrides: readonly string[]): string | null {
  if (overrides.length === 0 || !replay.startsWith('bench run ')) return null;
  return [replay, ...overrides.map((override) => `--set '${override}'`)].join(' ');
}
