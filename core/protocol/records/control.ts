/** Control records (markers, leader changes, snapshot frames, voters) and the quorum-state file. */
import type { Draft, Message } from '../schema.ts';

export const controlRecordTypeSchema = {
  name: 'ControlRecordTypeSchema',
  versions: '0',
  flexible: 'none',
  fields: {
    type: 'int16',
  },
} as const;
export type ControlRecordTypeSchema = Message<typeof controlRecordTypeSchema>;
export type ControlRecordTypeSchemaDraft = Draft<typeof controlRecordTypeSchema>;

export const endTxnMarker = {
  name: 'EndTxnMarker',
  versions: '0',
  flexible: 'none',
  fields: {
    coordinatorEpoch: 'int32',
  },
} as const;
export type EndTxnMarker = Message<typeof endTxnMarker>;
export type EndTxnMarkerDraft = Draft<typeof endTxnMarker>;

export const kRaftVersionRecord = {
  name: 'KRaftVersionRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    version: 'int16',
    kRaftVersion: 'int16',
  },
} as const;
export type KRaftVersionRecord = Message<typeof kRaftVersionRecord>;
export type KRaftVersionRecordDraft = Draft<typeof kRaftVersionRecord>;

const voter = {
  voterId: 'int32',
  voterDirectoryId: { type: 'uuid', in: '1+' },
} as const;

export const leaderChangeMessage = {
  name: 'LeaderChangeMessage',
  versions: '0-1',
  flexible: '0+',
  fields: {
    version: 'int16',
    leaderId: 'int32',
    voters: { each: voter as typeof voter },
    grantingVoters: { each: voter as typeof voter },
  },
} as const;
export type LeaderChangeMessage = Message<typeof leaderChangeMessage>;
export type LeaderChangeMessageDraft = Draft<typeof leaderChangeMessage>;

export const snapshotFooterRecord = {
  name: 'SnapshotFooterRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    version: 'int16',
  },
} as const;
export type SnapshotFooterRecord = Message<typeof snapshotFooterRecord>;
export type SnapshotFooterRecordDraft = Draft<typeof snapshotFooterRecord>;

export const snapshotHeaderRecord = {
  name: 'SnapshotHeaderRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    version: 'int16',
    lastContainedLogTimestamp: 'int64',
  },
} as const;
export type SnapshotHeaderRecord = Message<typeof snapshotHeaderRecord>;
export type SnapshotHeaderRecordDraft = Draft<typeof snapshotHeaderRecord>;

export const votersRecord = {
  name: 'VotersRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    version: 'int16',
    voters: {
      each: {
        voterId: 'int32',
        voterDirectoryId: 'uuid',
        endpoints: {
          each: {
            name: 'string',
            host: 'string',
            port: 'uint16',
          },
        },
        kRaftVersionFeature: {
          struct: {
            minSupportedVersion: 'int16',
            maxSupportedVersion: 'int16',
          },
        },
      },
    },
  },
} as const;
export type VotersRecord = Message<typeof votersRecord>;
export type VotersRecordDraft = Draft<typeof votersRecord>;

export const quorumStateData = {
  name: 'QuorumStateData',
  versions: '0-1',
  flexible: '0+',
  fields: {
    clusterId: { type: 'string', in: '0' },
    leaderId: { type: 'int32', default: -1 },
    leaderEpoch: { type: 'int32', default: -1 },
    votedId: { type: 'int32', default: -1 },
    votedDirectoryId: { type: 'uuid', in: '1+' },
    appliedOffset: { type: 'int64', in: '0' },
    currentVoters: {
      each: {
        voterId: { type: 'int32', in: '0' },
      },
      in: '0',
      nullable: '0',
    },
  },
} as const;
export type QuorumStateData = Message<typeof quorumStateData>;
export type QuorumStateDataDraft = Draft<typeof quorumStateData>;
