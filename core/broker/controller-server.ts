import { type MetadataNode, supportedFeatures } from '../controller/index.ts';
import type { Turn } from '../replication/index.ts';
import type { Runtime } from '../runtime.ts';
import { Dispatcher, type ServedApi, servedApis } from './dispatch.ts';
import { apiVersionsHandler } from './handlers/18-api-versions.ts';
import { controllerHandlers } from './handlers/controller-listener.ts';
import { Server, type ServerLimits } from './server.ts';

/** The server of the controller listener: other members of the quorum, and brokers that are not in this process. */
export function createControllerServer(options: {
  readonly runtime: Pick<Runtime, 'clock' | 'timers' | 'network' | 'log'>;
  readonly node: MetadataNode;
  readonly turn: Turn;
  readonly limits: ServerLimits;
}): Server {
  const { runtime, node, turn, limits } = options;
  let served: ReadonlyMap<number, ServedApi> = new Map();
  const features = supportedFeatures.map(({ name, min, max }) => ({ name, minVersion: min, maxVersion: max }));
  const versions = apiVersionsHandler(
    { metadata: node.metadata, kraftVersion: () => node.quorum.kraftVersion },
    () => served.values(),
    features,
  );
  served = servedApis([versions, ...controllerHandlers(node)], 'controller');
  const server = new Server(
    runtime,
    turn,
    new Dispatcher('controller', served, { log: runtime.log, nowNs: () => runtime.clock.monotonicNs() }),
    limits,
  );
  server.onClose((connectionId) => node.controller.connectionClosed(connectionId));
  return server;
}
