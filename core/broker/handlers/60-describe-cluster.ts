import type { MetadataNode } from '../../controller/index.ts';
import {
  type DescribeClusterRequest,
  type DescribeClusterResponseDraft,
  describeCluster,
  ErrorCode,
} from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import type { BrokerServices } from '../services.ts';
import { authorizedOperations } from './authorized-operations.ts';
import { clientEndpoint } from './client-endpoint.ts';

const BROKERS = 1;
const CONTROLLERS = 2;
/** metadata.version 3.7-IV0: from here on controllers register, so that the metadata says where they are. */
const CONTROLLER_REGISTRATION = 15;

/** Brokers, cluster id and controller. v1: the kind of endpoint asked about (KIP-919); v2: fenced brokers too. */
export function describeClusterHandler(
  services: Pick<BrokerServices, 'metadata' | 'config' | 'clusterId'>,
): Handler<typeof describeCluster> {
  return {
    api: describeCluster,
    handle(request, { version }) {
      const refusal = otherEndpoint(request, version, BROKERS);
      if (refusal !== null) return refusal;
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

/** The same question to a controller (KIP-919): the controllers that have registered, and which of them is active. */
export function describeControllersHandler(
  node: { readonly metadata: Pick<MetadataNode['metadata'], 'image'> } & {
    readonly quorum: Pick<MetadataNode['quorum'], 'clusterId' | 'leader' | 'config'>;
  },
): Handler<typeof describeCluster> {
  return {
    api: describeCluster,
    handle(request, { version }) {
      const { image } = node.metadata;
      const { clusterId, leader, config } = node.quorum;
      if ((image.features.get('metadata.version') ?? 0) < CONTROLLER_REGISTRATION) {
        const errorMessage = 'Direct-to-controller communication is not supported with the current MetadataVersion.';
        return { errorCode: ErrorCode.unsupportedVersion, errorMessage, clusterId: '' };
      }
      const refusal = otherEndpoint(request, version, CONTROLLERS);
      if (refusal !== null) return refusal;
      const listener = config.quorumListenerName;
      const controllers = [...image.controllers.values()]
        .sort((a, b) => a.controllerId - b.controllerId)
        .flatMap(({ controllerId, endPoints }) => {
          const endpoint = endPoints.find(({ name }) => name === listener);
          if (endpoint === undefined) return [];
          return [{ brokerId: controllerId, host: endpoint.host, port: endpoint.port, rack: null, isFenced: false }];
        });
      return {
        errorCode: ErrorCode.none,
        errorMessage: null,
        endpointType: CONTROLLERS,
        clusterId,
        // One that leads already but has not registered yet would only confuse.
        controllerId: controllers.some(({ brokerId }) => brokerId === leader.id) ? leader.id : -1,
        brokers: controllers,
        clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
          ? authorizedOperations.cluster
          : undefined,
      };
    },
  };
}

/** The refusal of a question about another kind of endpoint than `served`; null when it is about this one. */
function otherEndpoint(
  { endpointType }: DescribeClusterRequest,
  version: number,
  served: typeof BROKERS | typeof CONTROLLERS,
): DescribeClusterResponseDraft | null {
  if (endpointType === served) return null;
  const isKnown = endpointType === BROKERS || endpointType === CONTROLLERS;
  const nameOf = (type: number): string => (type === BROKERS ? 'BROKER' : 'CONTROLLER');
  const errorMessage = isKnown
    ? `The request was sent to an endpoint of type ${nameOf(served)}, but we wanted an endpoint of type ${nameOf(endpointType)}`
    : `Unsupported endpoint type ${endpointType}`;
  const refused = isKnown ? ErrorCode.mismatchedEndpointType : ErrorCode.unsupportedEndpointType;
  // v0 has no word for kinds of endpoints.
  const errorCode = version === 0 ? ErrorCode.invalidRequest : refused;
  return { errorCode, errorMessage, clusterId: '' };
}
