import type { MetadataNode } from '../../controller/index.ts';
import { operations } from '../../controller/operations/index.ts';
import {
  type ApiSchema,
  addRaftVoter,
  type Draft,
  ErrorCode,
  fetch,
  type Message,
  removeRaftVoter,
} from '../../protocol/index.ts';
import type { AnyHandler, Handler } from '../handler.ts';
import { voteHandler } from './52-vote.ts';
import { beginQuorumEpochHandler } from './53-begin-quorum-epoch.ts';
import { endQuorumEpochHandler } from './54-end-quorum-epoch.ts';
import { envelopeHandler } from './58-envelope.ts';
import { fetchSnapshotHandler } from './59-fetch-snapshot.ts';
import { describeControllersHandler } from './60-describe-cluster.ts';
import { updateRaftVoterHandler } from './82-update-raft-voter.ts';

/**
 * What the listener of the controllers serves: the quorum among itself, brokers that live and die, and every request
 * that only the active controller carries out.
 */
export function controllerHandlers(
  node: Pick<MetadataNode, 'controller' | 'quorum' | 'metadata'>,
): readonly AnyHandler[] {
  const { controller, quorum } = node;
  const { service } = quorum;
  const forwarded: readonly ApiSchema[] = [
    ...operations.map(({ api }) => api as ApiSchema),
    addRaftVoter,
    removeRaftVoter,
  ];
  const forwardable = new Set(forwarded.filter(isForClients).map(({ key }) => key));
  return [
    metadataFetchHandler(node),
    voteHandler(service),
    beginQuorumEpochHandler(service),
    endQuorumEpochHandler(service),
    fetchSnapshotHandler(service),
    describeControllersHandler(node),
    updateRaftVoterHandler(quorum.changes),
    envelopeHandler(controller, (api) => forwardable.has(api.key)),
    ...forwarded.map((api) => operationHandler(node, api)),
  ];
}

function isForClients(api: ApiSchema): boolean {
  return api.listeners.includes('broker');
}

/** Fetch of the metadata partition, by voters and observers (KIP-595). */
function metadataFetchHandler(node: Pick<MetadataNode, 'controller' | 'quorum'>): Handler<typeof fetch> {
  return {
    api: fetch,
    versions: '12-18',
    handle(request, { connectionId }) {
      node.controller.spoke(request.replicaState.replicaId, connectionId);
      return node.quorum.service.fetch(request);
    },
  };
}

function operationHandler<A extends ApiSchema>(node: Pick<MetadataNode, 'controller'>, api: A): Handler<A> {
  return {
    api,
    async handle(request, context) {
      const response = await node.controller.handle(api, context.version, request, context.connectionId);
      return response ?? notController(api, request);
    },
  };
}

interface Named {
  readonly name?: string;
  readonly topic?: string;
  readonly resourceType?: number;
  readonly resourceName?: string;
}

/** NOT_CONTROLLER in the shape of each response: at the top where there is a place for it, else for each thing asked. */
function notController<A extends ApiSchema>(api: A, request: Message<A['request']>): Draft<A['response']> {
  const errorCode = ErrorCode.notController;
  const errorMessage = null;
  if ('errorCode' in api.response.fields) return { errorCode } as unknown as Draft<A['response']>;
  const asked = request as { readonly topics?: readonly Named[]; readonly resources?: readonly Named[] };
  const each = (asked.topics ?? asked.resources ?? []).map(({ name, resourceType, resourceName }) => ({
    ...(name === undefined ? { resourceType, resourceName } : { name }),
    errorCode,
    errorMessage,
  }));
  const list = ['topics', 'results', 'responses'].find((name) => name in api.response.fields) ?? 'responses';
  return { [list]: each } as unknown as Draft<A['response']>;
}
