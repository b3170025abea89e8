import type { ControllerPort } from '../controller/admin.ts';
import { type AlterPartitionResponseDraft, alterPartition } from '../protocol/apis/56-alter-partition.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { Message } from '../protocol/schema.ts';
import type { Logger, Timers } from '../runtime.ts';
import type { IsrChange } from './leader-state.ts';
import type { Partition } from './partition.ts';

const VERSION = 3;
const RETRY_BACKOFF_MS = 50;
const REQUEST_TIMEOUT_MS = 30_000;
const SUPERSEDED: readonly number[] = [ErrorCode.invalidUpdateVersion, ErrorCode.fencedLeaderEpoch];

export interface IsrAltererOptions {
  readonly nodeId: number;
  readonly controller: ControllerPort;
  readonly timers: Timers;
  readonly log: Logger;
  /** This broker's epoch in its present registration, -1 while it has none. */
  readonly brokerEpoch: () => number;
  /** The epoch under which another broker is registered, -1 when it is not (KIP-903). */
  readonly epochOf: (brokerId: number) => number;
}

interface Proposal {
  readonly partition: Partition;
  readonly change: IsrChange;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
}

/**
 * Carries proposals for in-sync replicas to the controller (AlterPartition, KIP-497): one request at a time, all that
 * have gathered in it, tried again until the controller has answered or the partition has moved on.
 */
export class IsrAlterer {
  readonly #options: IsrAltererOptions;
  readonly #proposals = new Map<Partition, Proposal>();
  #sending = false;
  #closed = false;

  constructor(options: IsrAltererOptions) {
    this.#options = options;
  }

  propose(partition: Partition, change: IsrChange): void {
    const { leader } = partition;
    if (leader === null || this.#closed) return;
    this.#proposals.set(partition, {
      partition,
      change,
      leaderEpoch: leader.epoch,
      partitionEpoch: leader.partitionEpoch,
    });
    if (!this.#sending) this.#send();
  }

  close(): void {
    this.#closed = true;
    this.#proposals.clear();
  }

  #send(): void {
    const proposals = [...this.#proposals.values()].filter(isCurrent);
    this.#proposals.clear();
    if (proposals.length === 0 || this.#closed) return;
    this.#sending = true;
    const { controller, nodeId, log } = this.#options;
    const origin = { principal: 'User:ANONYMOUS', clientId: `broker-${nodeId}`, clientHost: '' };
    controller.send(alterPartition, VERSION, this.#request(proposals), origin, REQUEST_TIMEOUT_MS).then(
      (response) => {
        const retry = response === null || (response.errorCode ?? 0) !== ErrorCode.none;
        if (retry) this.#again(proposals);
        else this.#answered(proposals, response);
      },
      (error: unknown) => {
        log.warn('the controller did not take an AlterPartition request', { error });
        this.#again(proposals);
      },
    );
  }

  #request(proposals: readonly Proposal[]): Message<typeof alterPartition.request> {
    const { nodeId, brokerEpoch, epochOf } = this.#options;
    const byTopic = new Map<string, Proposal[]>();
    for (const each of proposals) {
      const list = byTopic.get(each.partition.topicId);
      if (list === undefined) byTopic.set(each.partition.topicId, [each]);
      else list.push(each);
    }
    const epochFor = (replicaId: number, partition: Partition): number => {
      if (replicaId === nodeId) return brokerEpoch();
      return partition.leader?.followers.get(replicaId)?.brokerEpoch ?? epochOf(replicaId);
    };
    return {
      brokerId: nodeId,
      brokerEpoch: brokerEpoch(),
      topics: [...byTopic].map(([topicId, list]) => ({
        topicId,
        partitions: list.map(({ partition, change, leaderEpoch, partitionEpoch }) => ({
          partitionIndex: partition.partition,
          leaderEpoch,
          newIsr: [],
          newIsrWithEpochs: change.proposed.map((brokerId) => ({
            brokerId,
            brokerEpoch: epochFor(brokerId, partition),
          })),
          leaderRecoveryState: 0,
          partitionEpoch,
        })),
      })),
    };
  }

  #answered(proposals: readonly Proposal[], response: AlterPartitionResponseDraft): void {
    const { topics } = response;
    for (const { partition, change } of proposals) {
      const answer = topics
        ?.find((topic) => topic.topicId === partition.topicId)
        ?.partitions?.find((each) => each.partitionIndex === partition.partition);
      const errorCode = answer?.errorCode ?? ErrorCode.none;
      // A newer state: perhaps made of this very proposal, whose first answer got lost. It stays, and whom it names counts,
      // until the metadata say what is true.
      if (SUPERSEDED.includes(errorCode)) continue;
      if (answer === undefined || errorCode !== ErrorCode.none) partition.isrAnswered(change, null);
      else {
        partition.isrAnswered(change, {
          leaderEpoch: answer.leaderEpoch ?? -1,
          isr: answer.isr ?? [],
          partitionEpoch: answer.partitionEpoch ?? -1,
        });
      }
    }
    this.#sending = false;
    if (this.#proposals.size > 0) this.#send();
  }

  #again(proposals: readonly Proposal[]): void {
    for (const each of proposals) {
      if (!this.#proposals.has(each.partition)) this.#proposals.set(each.partition, each);
    }
    if (this.#closed) return;
    this.#options.timers.after(RETRY_BACKOFF_MS, () => {
      this.#sending = false;
      this.#send();
    });
  }
}

function isCurrent({ partition, change }: Proposal): boolean {
  return partition.leader?.change === change;
}
