import type { BrokerConfig } from '../config/index.ts';
import type { ControllerPort } from '../controller/admin.ts';
import type { MetadataImage, MetadataListener } from '../controller/image.ts';
import type { LogDirectory } from '../log/index.ts';
import type { ReplicaManager } from '../replication/index.ts';
import type { Runtime } from '../runtime.ts';
import type { BrokerTelemetry } from './telemetry.ts';

/** What handlers are made from. One object per broker, built by `Broker.start`; nothing is global. */
export interface BrokerServices {
  readonly runtime: Runtime;
  readonly nodeId: number;
  readonly clusterId: string;
  readonly config: BrokerConfig;
  readonly metadata: MetadataView;
  readonly controller: ControllerPort;
  readonly replicas: ReplicaManager;
  /** Level of kraft.version: the metadata quorum's own, in no image. */
  readonly kraftVersion: () => number;
  readonly logDirectories: readonly LogDirectory[];
  /** Absent: nothing is counted. */
  readonly telemetry?: BrokerTelemetry;
}

export interface MetadataView {
  readonly image: MetadataImage;
  /** Node id of the active controller as far as known, -1 for none. */
  readonly controllerId: number;
  addListener(listener: MetadataListener): void;
  /** Resolves true once the image has replayed up to `offset` (exclusive), false after `timeoutMs`. */
  waitFor(offset: number, timeoutMs: number): Promise<boolean>;
}
