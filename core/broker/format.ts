import type { BrokerConfig } from '../config/index.ts';
import { randomUuid } from '../controller/index.ts';
import { makeDurableDirectory, replaceFile } from '../log/durable-file.ts';
import { formatMetaProperties, parseUuid } from '../log/metadata-files.ts';
import { formatVoters, voterNode } from '../quorum/index.ts';
import type { Runtime } from '../runtime.ts';

/** A controller that votes from the first moment, with the directory that it is to have. */
export interface InitialController {
  readonly id: number;
  readonly host: string;
  readonly port: number;
  readonly directoryId: string;
}

export interface FormatOptions {
  readonly runtime: Pick<Runtime, 'disk' | 'codecs' | 'clock' | 'random'>;
  readonly config: BrokerConfig;
  readonly clusterId: string;
  /** 'standalone': this node alone; or all controllers, this node among them. */
  readonly initialControllers: 'standalone' | readonly InitialController[];
}

/**
 * Formats the directory of the metadata log of a new controller, as `kafka-storage format --standalone` or
 * `--initial-controllers` does (KIP-853): from then on the log says who votes. One that has its meta.properties is left
 * alone: they are written last. @throws Error when this node is not among the controllers; DiskError.
 */
export async function formatNode({ runtime, config, clusterId, initialControllers }: FormatOptions): Promise<void> {
  const { disk } = runtime;
  const directory = config.metadataLogDir;
  const identity = `${directory}/meta.properties`;
  if (disk.stat(identity) !== null) return;
  const controllers = initialControllers === 'standalone' ? [standalone(runtime, config)] : initialControllers;
  const own = controllers.find(({ id }) => id === config.nodeId);
  const directoryId = own === undefined ? null : parseUuid(own.directoryId);
  if (directoryId === null) {
    throw new Error(`node ${config.nodeId} is none of the initial controllers, or its directory id is no uuid`);
  }
  const name = config.quorumListenerName;
  const voters = controllers.map((one) => voterNode(one, [{ name, host: one.host, port: one.port }], name));
  await makeDurableDirectory(disk, directory);
  await formatVoters(
    runtime,
    directory,
    [...voters].sort((a, b) => a.id - b.id),
  );
  await replaceFile(disk, identity, formatMetaProperties({ clusterId, nodeId: config.nodeId, directoryId }));
}

function standalone(runtime: Pick<Runtime, 'random'>, config: BrokerConfig): InitialController {
  const endpoint = config.quorumEndpoint;
  if (endpoint === null) {
    throw new Error('a controller that is to be a quorum needs a listener on a port that others can be told');
  }
  const directoryId = randomUuid(runtime.random.fork('first controller'));
  return { id: config.nodeId, host: endpoint.host, port: endpoint.port, directoryId };
}
