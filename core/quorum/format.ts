import { makeDurableDirectory } from '../log/durable-file.ts';
import type { Runtime } from '../runtime.ts';
import { encodeSnapshot, writeSnapshotFile } from './snapshot.ts';
import { type Voter, votersRecordOf } from './voter-set.ts';

/**
 * What `kafka-storage format --standalone` and `--initial-controllers` leave beside `meta.properties` in the directory of
 * the metadata log: a snapshot of nothing but kraft.version 1 and the first voters (KIP-853). Rejects with DiskError.
 */
export async function formatVoters(
  runtime: Pick<Runtime, 'disk' | 'codecs' | 'clock'>,
  metadataLogDir: string,
  voters: readonly Voter[],
): Promise<void> {
  const directory = `${metadataLogDir}/__cluster_metadata-0`;
  await makeDurableDirectory(runtime.disk, directory);
  const id = { endOffset: 0, epoch: 0 };
  const nowMs = runtime.clock.wallMs();
  const draft = { id, records: [], kraftVersion: 1, voters: votersRecordOf(voters), lastTimestampMs: nowMs, nowMs };
  await writeSnapshotFile(runtime.disk, directory, id, encodeSnapshot(draft, runtime.codecs));
}
