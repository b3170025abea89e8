import type { Random } from '../runtime.ts';

export interface PlaceableBroker {
  readonly id: number;
  readonly rack: string | null;
  readonly fenced: boolean;
}

export type Placement =
  | { readonly kind: 'placed'; readonly replicas: readonly (readonly number[])[] }
  | { readonly kind: 'refused'; readonly message: string };

/** Members of a rack in a rotating order: each partition starts at the next one. */
class Rotation {
  readonly #ids: readonly number[];
  #epoch = 0;
  #index = 0;
  #offset: number;

  constructor(ids: readonly number[], random: Random) {
    this.#ids = shuffled(ids, random);
    this.#offset = 0;
  }

  get size(): number {
    return this.#ids.length;
  }

  /** The next member for the partition counted by `epoch`; -1 when all have had their turn for it. */
  next(epoch: number): number {
    if (this.#ids.length === 0) return -1;
    if (this.#epoch !== epoch) {
      this.#epoch = epoch;
      this.#index = 0;
      this.#offset = (this.#offset + 1) % this.#ids.length;
    }
    if (this.#index >= this.#ids.length) return -1;
    return this.#ids[(this.#offset + this.#index++) % this.#ids.length]!;
  }
}

/**
 * Spreads replicas over racks first and brokers second, in stripes, as Kafka's StripedReplicaPlacer does: the leaders
 * of successive partitions walk the racks, no rack holds two replicas before every rack holds one, and fenced brokers
 * lead nothing while an unfenced one can. Every random choice comes from `random`.
 */
export function placeReplicas(
  brokers: readonly PlaceableBroker[],
  partitions: number,
  replicationFactor: number,
  random: Random,
): Placement {
  if (brokers.every((broker) => broker.fenced)) {
    return { kind: 'refused', message: 'All brokers are currently fenced.' };
  }
  if (replicationFactor > brokers.length) {
    return {
      kind: 'refused',
      message:
        `The target replication factor of ${replicationFactor} cannot be reached because only ` +
        `${brokers.length} broker(s) are registered or some brokers have all their log directories cordoned.`,
    };
  }
  const sorted = [...brokers].sort((a, b) => a.id - b.id);
  const rackNames = [...new Set(sorted.map((broker) => broker.rack ?? ''))].sort();
  const racks = shuffled(rackNames, random).map((rack) => {
    const members = sorted.filter((broker) => (broker.rack ?? '') === rack);
    const ids = (fenced: boolean): number[] => members.filter((one) => one.fenced === fenced).map((one) => one.id);
    return { unfenced: new Rotation(ids(false), random), fenced: new Rotation(ids(true), random) };
  });
  const replicas: number[][] = [];
  for (let partition = 0; partition < partitions; partition++) {
    const epoch = partition + 1;
    const chosen: number[] = [];
    // The leader: the first rack in turn that has an unfenced broker.
    let first = partition % racks.length;
    for (let step = 0; step < racks.length && chosen.length === 0; step++) {
      first = (partition + step) % racks.length;
      const leader = racks[first]!.unfenced.next(epoch);
      if (leader !== -1) chosen.push(leader);
    }
    for (let turn = 1; chosen.length < replicationFactor; turn++) {
      const rack = racks[(first + turn) % racks.length]!;
      let id = rack.unfenced.next(epoch);
      if (id === -1) id = rack.fenced.next(epoch);
      if (id !== -1) chosen.push(id);
    }
    replicas.push(chosen);
  }
  return { kind: 'placed', replicas };
}

function shuffled<T>(values: readonly T[], random: Random): T[] {
  const result = [...values];
  for (let at = result.length - 1; at > 0; at--) {
    const other = random.below(at + 1);
    [result[at], result[other]] = [result[other]!, result[at]!];
  }
  return result;
}
