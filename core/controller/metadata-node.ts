import type { BrokerConfig } from '../config/index.ts';
import { type QuorumFaults, RaftQuorum, readSnapshot } from '../quorum/index.ts';
import type { Runtime } from '../runtime.ts';
import type { ControllerPort } from './admin.ts';
import { Controller, type ControllerOptions } from './controller.ts';
import { LocalControllerPort } from './controller-port.ts';
import { DynamicConfigListener } from './dynamic-config.ts';
import type { ControllerFaults } from './faults.ts';
import { MetadataReplica } from './metadata-view.ts';
import { randomUuid } from './uuid.ts';

export interface MetadataNodeOptions {
  readonly runtime: Runtime;
  readonly config: BrokerConfig;
  readonly clusterId: string;
  /** `directory.id` of the metadata log directory. */
  readonly directoryId: string;
  /** Where other nodes reach this controller. */
  readonly endpoints?: NonNullable<ControllerOptions['endpoints']>;
  /** The metadata log's disk failed. */
  readonly onFailure?: (error: Error) => void;
  readonly controllerFaults?: ControllerFaults;
  readonly quorumFaults?: QuorumFaults;
}

/** Quorum, controller and committed metadata of one node, wired together. */
export interface MetadataNode {
  readonly quorum: RaftQuorum;
  readonly controller: Controller;
  readonly metadata: MetadataReplica;
  readonly port: ControllerPort;
  /** Resolves when some controller is known to be active; false after `timeoutMs`. */
  ready(timeoutMs: number): Promise<boolean>;
  close(): Promise<void>;
}

/**
 * Opens the metadata log and starts the quorum. Listeners added to `metadata` afterwards hear at once of what was
 * replayed before them.
 */
export async function openMetadataNode(options: MetadataNodeOptions): Promise<MetadataNode> {
  const { runtime, config, clusterId, directoryId, endpoints, onFailure } = options;
  const metadata = new MetadataReplica(runtime.timers);
  metadata.addListener(new DynamicConfigListener(config));
  const bootstrap = readSnapshot(runtime.disk, `${config.metadataLogDir}/bootstrap.checkpoint`, runtime.codecs);
  let quorum: RaftQuorum | null = null;
  const controller = new Controller({
    runtime,
    config,
    clusterId,
    quorum: () => quorum!,
    committed: () => metadata.image,
    formatted: bootstrap?.records ?? null,
    incarnationId: randomUuid(runtime.random.fork('controller incarnation')),
    ...(endpoints === undefined ? {} : { endpoints }),
    ...(options.controllerFaults === undefined ? {} : { faults: options.controllerFaults }),
  });
  metadata.controller = controller;
  quorum = await RaftQuorum.open({
    runtime,
    config,
    directoryId,
    listener: metadata,
    snapshotRecords: () => metadata.snapshotRecords(),
    ...(onFailure === undefined ? {} : { onFailure }),
    ...(options.quorumFaults === undefined ? {} : { faults: options.quorumFaults }),
  });
  const opened = quorum;
  return {
    quorum: opened,
    controller,
    metadata,
    port: new LocalControllerPort(controller, runtime.timers),
    ready: (timeoutMs) => metadata.controllerKnown(timeoutMs),
    close: async () => {
      controller.close();
      await opened.close();
    },
  };
}
