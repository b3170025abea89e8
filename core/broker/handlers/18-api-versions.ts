import { type ApiVersionsResponseDraft, apiVersions, ErrorCode, produce } from '../../protocol/index.ts';
import type { ServedApi } from '../dispatch.ts';
import type { Handler } from '../handler.ts';
import type { BrokerServices } from '../services.ts';

/** KIP-511: what a client may call itself. */
const SOFTWARE = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;
/** v3 cannot say that a feature starts at level 0 (KAFKA-17011). */
const LEVEL_ZERO_VERSION = 4;

export interface SupportedFeature {
  readonly name: string;
  readonly minVersion: number;
  readonly maxVersion: number;
}

/**
 * ApiVersions: what this broker serves, and the cluster's features. A version that it does not know never comes here: the
 * dispatcher answers it (KIP-511).
 *
 * v3 client software, features (KIP-584), flexible · v4 features that start at 0.
 */
export function apiVersionsHandler(
  services: Pick<BrokerServices, 'metadata' | 'kraftVersion'>,
  served: () => Iterable<ServedApi>,
  supportedFeatures: readonly SupportedFeature[],
): Handler<typeof apiVersions> {
  return {
    api: apiVersions,
    handle(request, context): ApiVersionsResponseDraft {
      const { version } = context;
      if (
        version >= 3 &&
        !(SOFTWARE.test(request.clientSoftwareName) && SOFTWARE.test(request.clientSoftwareVersion))
      ) {
        return { errorCode: ErrorCode.invalidRequest, apiKeys: [] };
      }
      const { image } = services.metadata;
      const kraftVersion = services.kraftVersion();
      return {
        errorCode: ErrorCode.none,
        apiKeys: [...served()].map(({ api, versions }) => ({
          apiKey: api.key,
          // librdkafka before 2.11.1 takes a higher minimum for a broker that cannot compress (KAFKA-18659).
          minVersion: api.key === produce.key ? 0 : versions.min,
          maxVersion: versions.max,
        })),
        supportedFeatures: supportedFeatures.filter(
          (feature) => version >= LEVEL_ZERO_VERSION || feature.minVersion > 0,
        ),
        finalizedFeaturesEpoch: image.endOffset - 1,
        finalizedFeatures: [...image.features, ['kraft.version', kraftVersion] as const]
          .filter(([, level]) => level > 0)
          .map(([name, level]) => ({ name, maxVersionLevel: level, minVersionLevel: level })),
      };
    },
  };
}
