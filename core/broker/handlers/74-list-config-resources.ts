import { ConfigResourceType } from '../../controller/image-builder.ts';
import { ErrorCode, listConfigResources } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import type { BrokerServices } from '../services.ts';

const allTypes: readonly number[] = Object.values(ConfigResourceType);

/** Resources that can have settings. v0: client metrics subscriptions; v1: every kind (KIP-1142). */
export function listConfigResourcesHandler(
  services: Pick<BrokerServices, 'metadata'>,
): Handler<typeof listConfigResources> {
  return {
    api: listConfigResources,
    handle(request, context) {
      const { image } = services.metadata;
      const types =
        context.version === 0
          ? [ConfigResourceType.clientMetrics]
          : request.resourceTypes.length === 0
            ? allTypes
            : [...new Set(request.resourceTypes)];
      if (!types.every((type) => allTypes.includes(type))) return { errorCode: ErrorCode.unsupportedVersion };
      const brokers = [...image.brokers.keys()].sort((a, b) => a - b).map(String);
      const namesOf = (type: number): readonly string[] => {
        switch (type) {
          case ConfigResourceType.topic:
            return [...image.topicsByName.keys()];
          case ConfigResourceType.broker:
          case ConfigResourceType.brokerLogger:
            return brokers;
          case ConfigResourceType.group:
            return image.configuredNames('group');
          default:
            return image.configuredNames('client-metrics');
        }
      };
      return {
        errorCode: ErrorCode.none,
        configResources: types.flatMap((resourceType) =>
          namesOf(resourceType).map((resourceName) => ({ resourceName, resourceType })),
        ),
      };
    },
  };
}
