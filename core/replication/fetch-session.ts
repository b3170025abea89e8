import type { fetch } from '../protocol/apis/01-fetch.ts';
import type { Draft } from '../protocol/schema.ts';
import type { Partition } from './partition.ts';

/** What a fetch says of one partition. */
export interface FetchPosition {
  readonly partition: Partition;
  /** The leader epoch in which it follows. */
  readonly leaderEpoch: number;
  readonly fetchOffset: number;
  readonly lastFetchedEpoch: number;
  readonly logStartOffset: number;
}

type SessionPart = Pick<Draft<typeof fetch.request>, 'sessionId' | 'sessionEpoch' | 'topics' | 'forgottenTopicsData'>;

const INITIAL_EPOCH = 0;
const EPOCH_MAX = 0x7fffffff;

/**
 * The follower's end of an incremental fetch session (KIP-227): a fetch names what is not as the leader knows it already,
 * so that many partitions of which few move cost what the few cost. Without a session, each fetch names all and asks for one.
 */
export class FollowerFetchSession {
  readonly #partitionBytesMax: number;
  #id = 0;
  #epoch = INITIAL_EPOCH;
  /** What the leader knows, while there is a session. */
  readonly #told = new Map<Partition, FetchPosition>();

  constructor(partitionBytesMax: number) {
    this.#partitionBytesMax = partitionBytesMax;
  }

  /** The request for these partitions, all that are to be fetched now; `answered` or `failed` follows. */
  request(wanted: readonly FetchPosition[]): SessionPart {
    if (this.#epoch === INITIAL_EPOCH) this.#told.clear();
    const changed: FetchPosition[] = [];
    let newcomers = 0;
    for (const position of wanted) {
      const told = this.#told.get(position.partition);
      if (told === undefined) newcomers++;
      if (!isSame(told, position)) changed.push(position);
    }
    const forgotten: Partition[] = [];
    // One that is not wanted any more, or not now, is looked for only where there are more told than wanted.
    if (this.#told.size + newcomers > wanted.length) {
      const still = new Set(wanted.map(({ partition }) => partition));
      for (const partition of this.#told.keys()) if (!still.has(partition)) forgotten.push(partition);
    }
    for (const partition of forgotten) this.#told.delete(partition);
    for (const position of changed) this.#told.set(position.partition, position);
    return {
      sessionId: this.#id,
      sessionEpoch: this.#epoch,
      topics: byTopic(changed, ({ partition }) => partition).map(([topicId, positions]) => ({
        topicId,
        partitions: positions.map((position) => ({
          partition: position.partition.partition,
          currentLeaderEpoch: position.leaderEpoch,
          fetchOffset: position.fetchOffset,
          lastFetchedEpoch: position.lastFetchedEpoch,
          logStartOffset: position.logStartOffset,
          partitionMaxBytes: this.#partitionBytesMax,
        })),
      })),
      forgottenTopicsData: byTopic(forgotten, (partition) => partition).map(([topicId, partitions]) => ({
        topicId,
        partitions: partitions.map(({ partition }) => partition),
      })),
    };
  }

  /** Whether the fetch that is answered asked for the partition, in this leader epoch. */
  asked(partition: Partition, leaderEpoch: number): boolean {
    return this.#told.get(partition)?.leaderEpoch === leaderEpoch;
  }

  /** The leader answered without an error, under this session. */
  answered(sessionId: number): void {
    if (this.#epoch !== INITIAL_EPOCH) {
      this.#epoch = this.#epoch === EPOCH_MAX ? 1 : this.#epoch + 1;
    } else {
      // 0: it has no room for one.
      this.#id = sessionId;
      if (sessionId !== 0) this.#epoch = 1;
    }
  }

  /** No answer, or the session is unknown to the leader: the next fetch ends it, and asks for another. */
  failed(): void {
    this.#epoch = INITIAL_EPOCH;
  }
}

function isSame(told: FetchPosition | undefined, position: FetchPosition): boolean {
  return (
    told !== undefined &&
    told.fetchOffset === position.fetchOffset &&
    told.leaderEpoch === position.leaderEpoch &&
    told.lastFetchedEpoch === position.lastFetchedEpoch &&
    told.logStartOffset === position.logStartOffset
  );
}

function byTopic<Item>(items: readonly Item[], partitionOf: (item: Item) => Partition): [string, Item[]][] {
  if (items.length === 0) return [];
  const topics = new Map<string, Item[]>();
  for (const item of items) {
    const { topicId } = partitionOf(item);
    const list = topics.get(topicId);
    if (list === undefined) topics.set(topicId, [item]);
    else list.push(item);
  }
  return [...topics];
}
