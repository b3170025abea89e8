/** Messages that travel inside others: the consumer protocol of JoinGroup and SyncGroup, and envelope principals. An int16 version comes first. */
import type { Draft, Message } from './schema.ts';

export const consumerProtocolAssignment = {
  name: 'ConsumerProtocolAssignment',
  versions: '0-3',
  flexible: 'none',
  fields: {
    assignedPartitions: {
      each: {
        topic: 'string',
        partitions: { each: 'int32' },
      },
    },
    userData: { type: 'bytes', nullable: '0+', default: null },
  },
} as const;
export type ConsumerProtocolAssignment = Message<typeof consumerProtocolAssignment>;
export type ConsumerProtocolAssignmentDraft = Draft<typeof consumerProtocolAssignment>;

export const consumerProtocolSubscription = {
  name: 'ConsumerProtocolSubscription',
  versions: '0-3',
  flexible: 'none',
  fields: {
    topics: { each: 'string' },
    userData: { type: 'bytes', nullable: '0+', default: null },
    ownedPartitions: {
      each: {
        topic: { type: 'string', in: '1+' },
        partitions: { each: 'int32', in: '1+' },
      },
      in: '1+',
      ignorable: true,
    },
    generationId: { type: 'int32', in: '2+', default: -1, ignorable: true },
    rackId: { type: 'string', in: '3+', nullable: '3+', default: null, ignorable: true },
  },
} as const;
export type ConsumerProtocolSubscription = Message<typeof consumerProtocolSubscription>;
export type ConsumerProtocolSubscriptionDraft = Draft<typeof consumerProtocolSubscription>;

export const defaultPrincipalData = {
  name: 'DefaultPrincipalData',
  versions: '0',
  flexible: '0+',
  fields: {
    type: 'string',
    name: 'string',
    tokenAuthenticated: 'bool',
  },
} as const;
export type DefaultPrincipalData = Message<typeof defaultPrincipalData>;
export type DefaultPrincipalDataDraft = Draft<typeof defaultPrincipalData>;
