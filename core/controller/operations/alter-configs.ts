import { alterConfigs, ErrorCode, incrementalAlterConfigs, type MetadataRecord } from '../../protocol/index.ts';
import { type ConfigChange, ConfigOperation, type ConfigResource, changeConfigs } from '../config-change.ts';
import { configKindOf } from '../image-builder.ts';
import type { Operation, OperationContext } from '../operation.ts';

/** Sets, deletes, appends to and subtracts from single settings (KIP-339). Each resource is changed whole or not at all. */
export const incrementalAlterConfigsOperation: Operation<typeof incrementalAlterConfigs> = {
  api: incrementalAlterConfigs,
  run(context, request) {
    return alterEach(context, request.resources, request.validateOnly, (resource) => resource.configs);
  },
};

/** The older request: what it does not list is deleted. */
export const alterConfigsOperation: Operation<typeof alterConfigs> = {
  api: alterConfigs,
  run(context, request) {
    return alterEach(context, request.resources, request.validateOnly, (resource) => {
      const listed = new Set(resource.configs.map((config) => config.name));
      const kind = configKindOf(resource.resourceType);
      const current = kind === null ? [] : [...context.image.configs(kind, resource.resourceName).keys()].sort();
      return [
        ...resource.configs.map((config) => ({ ...config, configOperation: ConfigOperation.set })),
        ...current
          .filter((name) => !listed.has(name))
          .map((name) => ({ name, configOperation: ConfigOperation.delete, value: null })),
      ];
    });
  },
};

interface Answer extends ConfigResource {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

function alterEach<R extends ConfigResource>(
  context: OperationContext,
  resources: readonly R[],
  validateOnly: boolean,
  changesOf: (resource: R) => readonly ConfigChange[],
): {
  readonly records: readonly MetadataRecord[];
  readonly response: { readonly responses: readonly Answer[] };
} {
  const counts = new Map<string, number>();
  const keyOf = (resource: ConfigResource): string => `${resource.resourceType}:${resource.resourceName}`;
  for (const resource of resources) counts.set(keyOf(resource), (counts.get(keyOf(resource)) ?? 0) + 1);
  const records: MetadataRecord[] = [];
  const responses = resources.map((resource) => {
    const { resourceType, resourceName } = resource;
    const changed =
      counts.get(keyOf(resource))! > 1
        ? { errorCode: ErrorCode.invalidRequest, errorMessage: 'Each resource must appear at most once.' }
        : changeConfigs(context, resource, changesOf(resource));
    if ('errorCode' in changed) return { resourceType, resourceName, ...changed };
    records.push(...changed);
    return { resourceType, resourceName, errorCode: ErrorCode.none, errorMessage: null };
  });
  return { records: validateOnly ? [] : records, response: { responses } };
}
