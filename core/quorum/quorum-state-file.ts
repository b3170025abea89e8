import { readText, replaceFile } from '../log/durable-file.ts';
import { ZERO_UUID } from '../protocol/index.ts';
import type { Disk } from '../runtime.ts';
import type { ElectionState, ReplicaKey } from './election-types.ts';

const FILE = 'quorum-state';

/**
 * Kafka's `quorum-state`: epoch, leader and vote as one line of JSON, replaced atomically. Data version 1 (KIP-853)
 * holds the directory of the candidate voted for; version 0, of static quorums, lists the voters.
 */
export class QuorumStateFile {
  readonly #disk: Disk;
  readonly #path: string;

  constructor(disk: Disk, directory: string) {
    this.#disk = disk;
    this.#path = `${directory}/${FILE}`;
  }

  /** Null when there is none yet. @throws Error when it cannot be read: to go on would forget a vote. */
  read(): ElectionState | null {
    const text = readText(this.#disk, this.#path);
    if (text === null) return null;
    const data = parse(text);
    if (data === null) throw new Error(`${this.#path} is not a quorum state: ${text.slice(0, 200)}`);
    return data;
  }

  async write(state: ElectionState, kraftVersion: number, voters: readonly ReplicaKey[]): Promise<void> {
    const { epoch, leaderId, voted } = state;
    const content =
      kraftVersion >= 1
        ? {
            leaderId,
            leaderEpoch: epoch,
            votedId: voted?.id ?? -1,
            votedDirectoryId: voted?.directoryId ?? ZERO_UUID,
            data_version: 1,
          }
        : {
            clusterId: '',
            leaderId,
            leaderEpoch: epoch,
            votedId: voted?.id ?? -1,
            appliedOffset: 0,
            currentVoters: voters.map((voter) => ({ voterId: voter.id })),
            data_version: 0,
          };
    await replaceFile(this.#disk, this.#path, JSON.stringify(content));
  }
}

function parse(text: string): ElectionState | null {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof data !== 'object' || data === null) return null;
  const fields = data as Record<string, unknown>;
  const { data_version: dataVersion, leaderId, leaderEpoch, votedId, votedDirectoryId } = fields;
  if (dataVersion !== 0 && dataVersion !== 1) return null;
  if (!isInt(leaderId) || !isInt(leaderEpoch) || !isInt(votedId) || leaderEpoch < -1) return null;
  const directoryId = typeof votedDirectoryId === 'string' ? votedDirectoryId : ZERO_UUID;
  return { epoch: leaderEpoch, leaderId, voted: votedId < 0 ? null : { id: votedId, directoryId } };
}

function isInt(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value);
}
