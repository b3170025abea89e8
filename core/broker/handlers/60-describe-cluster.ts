import { describeCluster, ErrorCode } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import type { BrokerServices } from '../services.ts';
import { authorizedOperations } from './authorized-operations.ts';
import { clientEndpoint } from './client-endpoint.ts';

const BROKERS = 1;

/** Brokers, cluster id and controller. v1: the kind of endpoint asked about (KIP-919); v2: fenced brokers too. */
export function describeClusterHandler(
  services: Pick<BrokerServices, 'metadata' | 'config' | 'clusterId'>,
): Handler<typeof describeCluster> {
  return {
    api: describeCluster,
    handle(request) {
      if (request.endpointType !== BROKERS) {
        const errorMessage =
          request.endpointType === 2
            ? 'The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER'
            : `Unsupported endpoint type ${request.endpointType}`;
        const errorCode =
          request.endpointType === 2 ? ErrorCode.mismatchedEndpointType : ErrorCode.unsupportedEndpointType;
        return { errorCode, errorMessage, endpointType: BROKERS, clusterId: '' };
      }
      const { image, controllerId } = services.metadata;
      const brokers = [...image.brokers.values()]
        .filter((broker) => request.includeFencedBrokers || !broker.fenced)
        .sort((a, b) => a.id - b.id)
        .flatMap((broker) => {
          const endpoint = clientEndpoint(broker, services.config);
          if (endpoint === null) return [];
          const { host, port } = endpoint;
          return [{ brokerId: broker.id, host, port, rack: broker.rack, isFenced: broker.fenced }];
        });
      const active = brokers.filter((broker) => !broker.isFenced);
      return {
        errorCode: ErrorCode.none,
        errorMessage: null,
        endpointType: BROKERS,
        clusterId: services.clusterId,
        controllerId: active.some(({ brokerId }) => brokerId === controllerId)
          ? controllerId
          : (active[0]?.brokerId ?? -1),
        brokers,
        clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
          ? authorizedOperations.cluster
          : undefined,
      };
    },
  };
}
