import type { GroupCoordinator } from '../../groups/index.ts';
import { type ElementOf, ErrorCode, type FindCoordinatorResponseDraft, findCoordinator } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import type { BrokerServices } from '../services.ts';
import { clientEndpoint } from './client-endpoint.ts';

type CoordinatorDraft = ElementOf<FindCoordinatorResponseDraft['coordinators'] & object>;

/** From here on several keys may be asked for in one request (KIP-699). */
const BATCHED = 4;

/** Where the state of one kind of coordinator lies. */
export interface CoordinatorKind {
  readonly topic: string;
  /** The partition that holds a key, creating the topic when it is missing; null while it cannot be made. */
  partitionFor(key: string): Promise<number | null>;
}

export function groupCoordinatorKind(groups: GroupCoordinator): CoordinatorKind {
  return { topic: '__consumer_offsets', partitionFor: (groupId) => groups.partitionFor(groupId) };
}
export const GROUP_KEY_TYPE = 0;

/**
 * The broker that coordinates a group (key type 0): the leader of the partition that holds it. The topic is made when it is
 * asked for first.
 *
 * v1 key types · v2 throttling before the answer · v3 flexible · v4 several keys · v5 TRANSACTION_ABORTABLE · v6 share groups.
 */
export function findCoordinatorHandler(
  services: Pick<BrokerServices, 'metadata' | 'config'>,
  kinds: ReadonlyMap<number, CoordinatorKind>,
): Handler<typeof findCoordinator> {
  const locate = async (keyType: number, key: string): Promise<CoordinatorDraft> => {
    const kind = kinds.get(keyType);
    if (kind === undefined) return nowhere(key, ErrorCode.invalidRequest);
    const partition = await kind.partitionFor(key);
    const { image } = services.metadata;
    const leader = partition === null ? -1 : (image.topicsByName.get(kind.topic)?.partitions[partition]?.leader ?? -1);
    const broker = image.brokers.get(leader);
    const endpoint = broker === undefined || broker.fenced ? null : clientEndpoint(broker, services.config);
    if (endpoint === null) return nowhere(key, ErrorCode.coordinatorNotAvailable);
    const { host, port } = endpoint;
    return { key, nodeId: leader, host, port, errorCode: ErrorCode.none, errorMessage: '' };
  };
  return {
    api: findCoordinator,
    async handle(request, { version }) {
      if (version < BATCHED) {
        const { errorMessage, ...found } = await locate(request.keyType, request.key);
        return { ...found, errorMessage: errorMessage === '' ? 'NONE' : errorMessage };
      }
      const coordinators: CoordinatorDraft[] = [];
      for (const key of request.coordinatorKeys) coordinators.push(await locate(request.keyType, key));
      return { coordinators };
    },
  };
}

/** Kafka's words. */
const messages = {
  [ErrorCode.coordinatorNotAvailable]: 'The coordinator is not available.',
  [ErrorCode.invalidRequest]:
    'This most likely occurs because of a request being malformed by the client library or the message was sent to an incompatible broker. See the broker logs for more details.',
} as const;

function nowhere(key: string, errorCode: keyof typeof messages): CoordinatorDraft {
  return { key, errorCode, errorMessage: messages[errorCode], nodeId: -1, host: '', port: -1 };
}
