import {
  brokerRegistration,
  ErrorCode,
  type MetadataRecord,
  metadataRecord,
  partitionChangeRecord,
  registerBrokerRecord,
  unregisterBroker,
  unregisterBrokerRecord,
} from '../../protocol/index.ts';
import { DIRECTORY_MIGRATING, DIRECTORY_UNASSIGNED } from '../cluster-image.ts';
import type { PartitionImage } from '../image.ts';
import { newLife, removeBroker } from '../leadership.ts';
import type { Operation, OperationContext } from '../operation.ts';
import { recordVersions } from '../record-versions.ts';
import { isElrEnabled } from '../settings.ts';

/**
 * A broker announces a new life. Its epoch is the offset of its registration record, so epochs rise over all brokers.
 * It starts fenced. v2: log directories; v3: previous broker epoch (KIP-966: tells an unclean shutdown); v4: minimum
 * feature levels of 0.
 */
export const brokerRegistrationOperation: Operation<typeof brokerRegistration> = {
  api: brokerRegistration,
  run(context, request) {
    const refuse = (errorCode: number) => ({ records: [], response: { errorCode } });
    const { image, sessions, nowMs } = context;
    if (request.clusterId !== context.clusterId) return refuse(ErrorCode.inconsistentClusterId);
    const before = image.brokers.get(request.brokerId);
    const sameLife = before !== undefined && before.incarnationId === request.incarnationId;
    // A broker in the controller's own process is certainly the only one of its id: the former life ended with the former
    // process, and need not be waited for.
    const ownProcess = request.brokerId === context.config.nodeId;
    if (before !== undefined && !sameLife && !ownProcess && !before.inControlledShutdown && !before.fenced) {
      if (sessions.isAlive(before.id, nowMs)) return refuse(ErrorCode.duplicateBrokerRegistration);
    }
    if (request.logDirs.length === 0 || new Set(request.logDirs).size !== request.logDirs.length) {
      return refuse(ErrorCode.invalidRegistration);
    }
    if (!supportsFinalizedFeatures(context, request.features)) return refuse(ErrorCode.unsupportedVersion);
    const records: MetadataRecord[] = [];
    if (before !== undefined && !sameLife && context.faults.keepIsrOnRegistration !== true) {
      const clean = request.previousBrokerEpoch === before.epoch || context.faults.trustUncleanShutdown === true;
      const isEmpty = (partition: PartitionImage): boolean =>
        context.faults.trustUncleanShutdown !== true && isLost(partition, before.id, request.logDirs);
      records.push(
        ...(isElrEnabled(context) ? newLife(context, before.id, clean, isEmpty) : removeBroker(context, before.id)),
      );
    }
    const brokerEpoch = sameLife ? before.epoch : context.nextOffset + records.length;
    const version = recordVersions(image.metadataVersion).registerBroker;
    records.push(
      metadataRecord(registerBrokerRecord, version, {
        brokerId: request.brokerId,
        incarnationId: request.incarnationId,
        brokerEpoch,
        endPoints: request.listeners,
        features: [...request.features].sort((a, b) => (a.name < b.name ? -1 : 1)),
        rack: request.rack,
        fenced: sameLife ? before.fenced : true,
        inControlledShutdown: sameLife ? before.inControlledShutdown : false,
        logDirs: version >= 3 ? [...request.logDirs].sort() : [],
      }),
    );
    if (!sameLife) records.push(...lostDirectories(context, request.brokerId, request.logDirs));
    sessions.restart(request.brokerId, nowMs);
    return { records, response: { errorCode: ErrorCode.none, brokerEpoch } };
  },
};

/**
 * Replicas in directories that the broker has no more (its disk was replaced): it makes them anew wherever it likes, and
 * must not be held for one whose directory has failed.
 */
function lostDirectories(
  { image }: OperationContext,
  brokerId: number,
  directories: readonly string[],
): readonly MetadataRecord[] {
  const only = directories.length === 1 ? directories[0]! : DIRECTORY_UNASSIGNED;
  const records: MetadataRecord[] = [];
  for (const topic of image.sortedTopics()) {
    for (const partition of topic.partitions) {
      const position = partition.replicas.indexOf(brokerId);
      if (!isLost(partition, brokerId, directories)) continue;
      const draft = {
        partitionId: partition.partition,
        topicId: topic.id,
        directories: partition.directories.with(position, only),
      };
      records.push(metadataRecord(partitionChangeRecord, 1, draft));
    }
  }
  return records;
}

function isLost(partition: PartitionImage, brokerId: number, directories: readonly string[]): boolean {
  const assigned = partition.directories[partition.replicas.indexOf(brokerId)];
  if (assigned === undefined || assigned === DIRECTORY_UNASSIGNED || assigned === DIRECTORY_MIGRATING) return false;
  return !directories.includes(assigned);
}

function supportsFinalizedFeatures(
  context: OperationContext,
  offered: readonly {
    readonly name: string;
    readonly minSupportedVersion: number;
    readonly maxSupportedVersion: number;
  }[],
): boolean {
  for (const [name, level] of context.image.features) {
    const feature = offered.find((one) => one.name === name);
    if (feature === undefined || level < feature.minSupportedVersion || level > feature.maxSupportedVersion)
      return false;
  }
  return true;
}

/** Removes a broker that is gone for good. */
export const unregisterBrokerOperation: Operation<typeof unregisterBroker> = {
  api: unregisterBroker,
  run(context, request) {
    const broker = context.image.brokers.get(request.brokerId);
    if (broker === undefined) {
      return {
        records: [],
        response: {
          errorCode: ErrorCode.brokerIdNotRegistered,
          errorMessage: `Broker ID ${request.brokerId} is not currently registered`,
        },
      };
    }
    context.sessions.remove(broker.id);
    return {
      records: [
        ...removeBroker(context, broker.id),
        metadataRecord(unregisterBrokerRecord, 0, { brokerId: broker.id, brokerEpoch: broker.epoch }),
      ],
      response: { errorCode: ErrorCode.none, errorMessage: null },
    };
  },
};
