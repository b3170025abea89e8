import type { Runtime } from '../runtime.ts';
import { placeFile, readText } from './durable-file.ts';
import { formatMetaProperties, parseMetaProperties } from './metadata-files.ts';

const META_PROPERTIES = 'meta.properties';

export interface Claim {
  readonly path: string;
  readonly runtime: Pick<Runtime, 'disk' | 'random'>;
  readonly nodeId: number;
  readonly clusterId: string;
}

/** Checks that the directory is this node's, writing meta.properties at the first start: the caller syncs the directory. Returns its directory id. */
export async function claimDirectory({ path, runtime, nodeId, clusterId }: Claim): Promise<Uint8Array> {
  const { disk, random } = runtime;
  const file = `${path}/${META_PROPERTIES}`;
  const text = readText(disk, file);
  if (text !== null) {
    const meta = parseMetaProperties(text);
    if (typeof meta === 'string') throw new Error(`${file}: ${meta}`);
    if (meta.nodeId !== nodeId) throw new Error(`${file} belongs to node ${meta.nodeId}, this is ${nodeId}`);
    if (meta.clusterId !== clusterId) throw new Error(`${file} belongs to cluster ${meta.clusterId}, not ${clusterId}`);
    if (meta.directoryId !== null) return meta.directoryId;
  }
  const directoryId = random.uuidBytes();
  await placeFile(disk, file, formatMetaProperties({ clusterId, nodeId, directoryId }));
  return directoryId;
}
