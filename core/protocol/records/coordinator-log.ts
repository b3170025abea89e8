import { decodeMessage, decodeVersioned, encodeBehindInt16, encodeVersioned } from '../codec.ts';
import { Reader } from '../reader.ts';
import type { Draft, Message, MessageSchema } from '../schema.ts';
import {
  groupMetadataKey,
  groupMetadataValue,
  legacyOffsetCommitKey,
  legacyOffsetCommitValue,
  offsetCommitKey,
  offsetCommitValue,
} from './groups-classic.ts';
import {
  consumerGroupCurrentMemberAssignmentKey,
  consumerGroupCurrentMemberAssignmentValue,
  consumerGroupMemberMetadataKey,
  consumerGroupMemberMetadataValue,
  consumerGroupMetadataKey,
  consumerGroupMetadataValue,
  consumerGroupPartitionMetadataKey,
  consumerGroupPartitionMetadataValue,
  consumerGroupRegularExpressionKey,
  consumerGroupRegularExpressionValue,
  consumerGroupTargetAssignmentMemberKey,
  consumerGroupTargetAssignmentMemberValue,
  consumerGroupTargetAssignmentMetadataKey,
  consumerGroupTargetAssignmentMetadataValue,
} from './groups-consumer.ts';
import {
  shareGroupCurrentMemberAssignmentKey,
  shareGroupCurrentMemberAssignmentValue,
  shareGroupMemberMetadataKey,
  shareGroupMemberMetadataValue,
  shareGroupMetadataKey,
  shareGroupMetadataValue,
  shareGroupStatePartitionMetadataKey,
  shareGroupStatePartitionMetadataValue,
  shareGroupTargetAssignmentMemberKey,
  shareGroupTargetAssignmentMemberValue,
  shareGroupTargetAssignmentMetadataKey,
  shareGroupTargetAssignmentMetadataValue,
} from './groups-share.ts';
import {
  streamsGroupCurrentMemberAssignmentKey,
  streamsGroupCurrentMemberAssignmentValue,
  streamsGroupMemberMetadataKey,
  streamsGroupMemberMetadataValue,
  streamsGroupMetadataKey,
  streamsGroupMetadataValue,
  streamsGroupTargetAssignmentMemberKey,
  streamsGroupTargetAssignmentMemberValue,
  streamsGroupTargetAssignmentMetadataKey,
  streamsGroupTargetAssignmentMetadataValue,
  streamsGroupTopologyKey,
  streamsGroupTopologyValue,
} from './groups-streams.ts';
import { shareSnapshotKey, shareSnapshotValue, shareUpdateKey, shareUpdateValue } from './share-state.ts';
import { transactionLogKey, transactionLogValue } from './transactions.ts';

/** A kind of record that a coordinator keeps in its topic: the key tells the kind, the value has a version. */
export interface RecordKind {
  readonly key: MessageSchema & { readonly key: number };
  readonly value: MessageSchema;
}
export interface RecordKinds {
  readonly [type: string]: RecordKind;
}

/** Records of `__consumer_offsets`. */
export const groupRecords: {
  readonly legacyOffsetCommit: {
    readonly key: typeof legacyOffsetCommitKey;
    readonly value: typeof legacyOffsetCommitValue;
  };
  readonly offsetCommit: { readonly key: typeof offsetCommitKey; readonly value: typeof offsetCommitValue };
  readonly groupMetadata: { readonly key: typeof groupMetadataKey; readonly value: typeof groupMetadataValue };
  readonly consumerGroupMetadata: {
    readonly key: typeof consumerGroupMetadataKey;
    readonly value: typeof consumerGroupMetadataValue;
  };
  readonly consumerGroupPartitionMetadata: {
    readonly key: typeof consumerGroupPartitionMetadataKey;
    readonly value: typeof consumerGroupPartitionMetadataValue;
  };
  readonly consumerGroupMemberMetadata: {
    readonly key: typeof consumerGroupMemberMetadataKey;
    readonly value: typeof consumerGroupMemberMetadataValue;
  };
  readonly consumerGroupTargetAssignmentMetadata: {
    readonly key: typeof consumerGroupTargetAssignmentMetadataKey;
    readonly value: typeof consumerGroupTargetAssignmentMetadataValue;
  };
  readonly consumerGroupTargetAssignmentMember: {
    readonly key: typeof consumerGroupTargetAssignmentMemberKey;
    readonly value: typeof consumerGroupTargetAssignmentMemberValue;
  };
  readonly consumerGroupCurrentMemberAssignment: {
    readonly key: typeof consumerGroupCurrentMemberAssignmentKey;
    readonly value: typeof consumerGroupCurrentMemberAssignmentValue;
  };
  readonly consumerGroupRegularExpression: {
    readonly key: typeof consumerGroupRegularExpressionKey;
    readonly value: typeof consumerGroupRegularExpressionValue;
  };
  readonly shareGroupMemberMetadata: {
    readonly key: typeof shareGroupMemberMetadataKey;
    readonly value: typeof shareGroupMemberMetadataValue;
  };
  readonly shareGroupMetadata: {
    readonly key: typeof shareGroupMetadataKey;
    readonly value: typeof shareGroupMetadataValue;
  };
  readonly shareGroupTargetAssignmentMetadata: {
    readonly key: typeof shareGroupTargetAssignmentMetadataKey;
    readonly value: typeof shareGroupTargetAssignmentMetadataValue;
  };
  readonly shareGroupTargetAssignmentMember: {
    readonly key: typeof shareGroupTargetAssignmentMemberKey;
    readonly value: typeof shareGroupTargetAssignmentMemberValue;
  };
  readonly shareGroupCurrentMemberAssignment: {
    readonly key: typeof shareGroupCurrentMemberAssignmentKey;
    readonly value: typeof shareGroupCurrentMemberAssignmentValue;
  };
  readonly shareGroupStatePartitionMetadata: {
    readonly key: typeof shareGroupStatePartitionMetadataKey;
    readonly value: typeof shareGroupStatePartitionMetadataValue;
  };
  readonly streamsGroupMetadata: {
    readonly key: typeof streamsGroupMetadataKey;
    readonly value: typeof streamsGroupMetadataValue;
  };
  readonly streamsGroupMemberMetadata: {
    readonly key: typeof streamsGroupMemberMetadataKey;
    readonly value: typeof streamsGroupMemberMetadataValue;
  };
  readonly streamsGroupTargetAssignmentMetadata: {
    readonly key: typeof streamsGroupTargetAssignmentMetadataKey;
    readonly value: typeof streamsGroupTargetAssignmentMetadataValue;
  };
  readonly streamsGroupTargetAssignmentMember: {
    readonly key: typeof streamsGroupTargetAssignmentMemberKey;
    readonly value: typeof streamsGroupTargetAssignmentMemberValue;
  };
  readonly streamsGroupCurrentMemberAssignment: {
    readonly key: typeof streamsGroupCurrentMemberAssignmentKey;
    readonly value: typeof streamsGroupCurrentMemberAssignmentValue;
  };
  readonly streamsGroupTopology: {
    readonly key: typeof streamsGroupTopologyKey;
    readonly value: typeof streamsGroupTopologyValue;
  };
} = {
  legacyOffsetCommit: { key: legacyOffsetCommitKey, value: legacyOffsetCommitValue },
  offsetCommit: { key: offsetCommitKey, value: offsetCommitValue },
  groupMetadata: { key: groupMetadataKey, value: groupMetadataValue },
  consumerGroupMetadata: { key: consumerGroupMetadataKey, value: consumerGroupMetadataValue },
  consumerGroupPartitionMetadata: {
    key: consumerGroupPartitionMetadataKey,
    value: consumerGroupPartitionMetadataValue,
  },
  consumerGroupMemberMetadata: { key: consumerGroupMemberMetadataKey, value: consumerGroupMemberMetadataValue },
  consumerGroupTargetAssignmentMetadata: {
    key: consumerGroupTargetAssignmentMetadataKey,
    value: consumerGroupTargetAssignmentMetadataValue,
  },
  consumerGroupTargetAssignmentMember: {
    key: consumerGroupTargetAssignmentMemberKey,
    value: consumerGroupTargetAssignmentMemberValue,
  },
  consumerGroupCurrentMemberAssignment: {
    key: consumerGroupCurrentMemberAssignmentKey,
    value: consumerGroupCurrentMemberAssignmentValue,
  },
  consumerGroupRegularExpression: {
    key: consumerGroupRegularExpressionKey,
    value: consumerGroupRegularExpressionValue,
  },
  shareGroupMemberMetadata: { key: shareGroupMemberMetadataKey, value: shareGroupMemberMetadataValue },
  shareGroupMetadata: { key: shareGroupMetadataKey, value: shareGroupMetadataValue },
  shareGroupTargetAssignmentMetadata: {
    key: shareGroupTargetAssignmentMetadataKey,
    value: shareGroupTargetAssignmentMetadataValue,
  },
  shareGroupTargetAssignmentMember: {
    key: shareGroupTargetAssignmentMemberKey,
    value: shareGroupTargetAssignmentMemberValue,
  },
  shareGroupCurrentMemberAssignment: {
    key: shareGroupCurrentMemberAssignmentKey,
    value: shareGroupCurrentMemberAssignmentValue,
  },
  shareGroupStatePartitionMetadata: {
    key: shareGroupStatePartitionMetadataKey,
    value: shareGroupStatePartitionMetadataValue,
  },
  streamsGroupMetadata: { key: streamsGroupMetadataKey, value: streamsGroupMetadataValue },
  streamsGroupMemberMetadata: { key: streamsGroupMemberMetadataKey, value: streamsGroupMemberMetadataValue },
  streamsGroupTargetAssignmentMetadata: {
    key: streamsGroupTargetAssignmentMetadataKey,
    value: streamsGroupTargetAssignmentMetadataValue,
  },
  streamsGroupTargetAssignmentMember: {
    key: streamsGroupTargetAssignmentMemberKey,
    value: streamsGroupTargetAssignmentMemberValue,
  },
  streamsGroupCurrentMemberAssignment: {
    key: streamsGroupCurrentMemberAssignmentKey,
    value: streamsGroupCurrentMemberAssignmentValue,
  },
  streamsGroupTopology: { key: streamsGroupTopologyKey, value: streamsGroupTopologyValue },
};

/** Records of `__transaction_state`. */
export const transactionRecords: {
  readonly transactionLog: { readonly key: typeof transactionLogKey; readonly value: typeof transactionLogValue };
} = {
  transactionLog: { key: transactionLogKey, value: transactionLogValue },
};

/** Records of `__share_group_state`. */
export const shareStateRecords: {
  readonly shareSnapshot: { readonly key: typeof shareSnapshotKey; readonly value: typeof shareSnapshotValue };
  readonly shareUpdate: { readonly key: typeof shareUpdateKey; readonly value: typeof shareUpdateValue };
} = {
  shareSnapshot: { key: shareSnapshotKey, value: shareSnapshotValue },
  shareUpdate: { key: shareUpdateKey, value: shareUpdateValue },
};

/** A record read back; `value` is null for a tombstone. */
export type CoordinatorRecord<K extends RecordKinds> =
  | {
      [T in keyof K & string]: {
        readonly type: T;
        readonly key: Message<K[T]['key']>;
        readonly value: Message<K[T]['value']> | null;
      };
    }[keyof K & string]
  /** A kind that a later release wrote: it may be kept, it cannot be read. */
  | { readonly type: 'unknown'; readonly keyType: number };

export type GroupRecord = CoordinatorRecord<typeof groupRecords>;
export type TransactionRecord = CoordinatorRecord<typeof transactionRecords>;
export type ShareStateRecord = CoordinatorRecord<typeof shareStateRecords>;

/** Keys have one version for ever; the int16 before them says which kind they are. @throws EncodeError */
export function encodeRecordKey<K extends RecordKind>(kind: K, draft: Draft<K['key']>): Uint8Array {
  return encodeBehindInt16(kind.key, 0, kind.key.key, draft);
}

/** @throws EncodeError */
export function encodeRecordValue<K extends RecordKind>(
  kind: K,
  version: number,
  draft: Draft<K['value']>,
): Uint8Array {
  return encodeVersioned(kind.value, version, draft);
}

/** Reads a record of one of `kinds`, which is one of the three tables here. @throws DecodeError */
export function decodeCoordinatorRecord<K extends RecordKinds>(
  kinds: K,
  key: Uint8Array,
  value: Uint8Array | null,
): CoordinatorRecord<K> {
  const keyType = new Reader(key, 0).int16();
  for (const type in kinds) {
    const kind = kinds[type]!;
    if (kind.key.key !== keyType) continue;
    return {
      type,
      key: decodeMessage(kind.key, 0, key, 2),
      value: value === null ? null : decodeVersioned(kind.value, value).message,
    } as unknown as CoordinatorRecord<K>;
  }
  return { type: 'unknown', keyType };
}
