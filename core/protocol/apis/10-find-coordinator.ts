import type { Draft, Message } from '../schema.ts';

export const findCoordinator = {
  key: 10,
  name: 'FindCoordinator',
  listeners: ['broker'],
  request: {
    name: 'FindCoordinatorRequest',
    versions: '0-6',
    flexible: '3+',
    fields: {
      key: { type: 'string', in: '0-3' },
      keyType: { type: 'int8', in: '1+' },
      coordinatorKeys: { each: 'string', in: '4+' },
    },
  },
  response: {
    name: 'FindCoordinatorResponse',
    versions: '0-6',
    flexible: '3+',
    fields: {
      throttleTimeMs: { type: 'int32', in: '1+', ignorable: true },
      errorCode: { type: 'int16', in: '0-3' },
      errorMessage: { type: 'string', in: '1-3', nullable: '1-3', ignorable: true },
      nodeId: { type: 'int32', in: '0-3' },
      host: { type: 'string', in: '0-3' },
      port: { type: 'int32', in: '0-3' },
      coordinators: {
        each: {
          key: { type: 'string', in: '4+' },
          nodeId: { type: 'int32', in: '4+' },
          host: { type: 'string', in: '4+' },
          port: { type: 'int32', in: '4+' },
          errorCode: { type: 'int16', in: '4+' },
          errorMessage: { type: 'string', in: '4+', nullable: '4+', ignorable: true },
        },
        in: '4+',
      },
    },
  },
} as const;

export type FindCoordinatorRequest = Message<typeof findCoordinator.request>;
export type FindCoordinatorRequestDraft = Draft<typeof findCoordinator.request>;
export type FindCoordinatorResponse = Message<typeof findCoordinator.response>;
export type FindCoordinatorResponseDraft = Draft<typeof findCoordinator.response>;
