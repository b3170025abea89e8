import { alterPartition, createTopics } from '../../protocol/index.ts';
import type { ControllerFaults } from '../faults.ts';
import type { PartitionImage } from '../image.ts';
import { ControllerWorld } from './controller-world.ts';

/** A world of these brokers, registered and unfenced. `settle` lets promises go on, as the platform can. */
export async function startWith(
  settle: () => Promise<void>,
  brokers: readonly number[],
  faults: ControllerFaults = {},
): Promise<ControllerWorld> {
  const made = await ControllerWorld.start({ settle, faults });
  for (const id of brokers) await made.addBroker(id);
  return made;
}

export function partition(made: ControllerWorld, topic: string, index = 0): PartitionImage {
  return made.replica.image.topicsByName.get(topic)!.partitions[index]!;
}

/** A topic of one partition on exactly these brokers. */
export async function assigned(
  made: ControllerWorld,
  name: string,
  brokerIds: readonly number[],
  configs = {},
): Promise<void> {
  const answer = await made.ask(createTopics, {
    topics: [
      {
        name,
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [{ partitionIndex: 0, brokerIds }],
        configs: Object.entries(configs).map(([key, value]) => ({ name: key, value: value as string })),
      },
    ],
  });
  const errorCode = answer.topics?.[0]?.errorCode;
  if (errorCode !== 0) throw new Error(`topic ${name} was refused with ${errorCode}`);
}

/** As the leader with present epochs, unless `more` says otherwise; the error code. */
export async function proposeIsr(
  made: ControllerWorld,
  topic: string,
  isr: readonly number[],
  more: { partitionEpoch?: number; leaderEpoch?: number; brokerId?: number } = {},
): Promise<number> {
  const now = partition(made, topic);
  const brokerId = more.brokerId ?? now.leader;
  const answer = await made.ask(alterPartition, {
    brokerId,
    brokerEpoch: made.epochs.get(brokerId)!,
    topics: [
      {
        topicId: now.topicId,
        partitions: [
          {
            partitionIndex: 0,
            leaderEpoch: more.leaderEpoch ?? now.leaderEpoch,
            partitionEpoch: more.partitionEpoch ?? now.partitionEpoch,
            leaderRecoveryState: now.recoveryState,
            newIsrWithEpochs: isr.map((id) => ({ brokerId: id, brokerEpoch: made.epochs.get(id) ?? -1 })),
          },
        ],
      },
    ],
  });
  return answer.errorCode || answer.topics![0]!.partitions![0]!.errorCode!;
}
