import type { Connection, ConnectionHandler, Listener } from '../../../core/runtime.ts';
import { plainCodecs, type SimNode, World, type WorldOptions } from '../../index.ts';

/** A handler that remembers, and refuses what no handler may be given. */
class Recorder implements ConnectionHandler {
  received = 0;
  pieces = 0;
  bytes: number[] = [];
  drains = 0;
  /** undefined while the connection lives. */
  reason: string | null | undefined = undefined;

  data(bytes: Uint8Array): void {
    if (this.reason !== undefined) throw new Error('bytes after the end');
    if (bytes.length === 0) throw new Error('no bytes');
    this.received += bytes.length;
    this.pieces++;
    if (this.bytes.length < 1e6) for (const byte of bytes.subarray(0, 1e6)) this.bytes.push(byte);
  }

  closed(reason: string | null): void {
    if (this.reason !== undefined) throw new Error('a second end');
    this.reason = reason;
  }

  drained(): void {
    this.drains++;
  }
}

/** Two nodes and the connection between them, both ends recorded. */
export interface Pair {
  readonly world: World;
  readonly server: Connection;
  readonly client: Connection;
  readonly atServer: Recorder;
  readonly atClient: Recorder;
  readonly serverNode: SimNode;
  readonly clientNode: SimNode;
  readonly listener: Listener;
}

export async function openPair(afterMicrotasks: WorldOptions['afterMicrotasks'], seed: string = 'test'): Promise<Pair> {
  const world = new World({ seed, codecs: plainCodecs, afterMicrotasks });
  const serverNode = world.addNode({ name: 'server', host: '10.0.0.1' });
  const clientNode = world.addNode({ name: 'client', host: '10.0.0.2' });
  const atServer = new Recorder();
  const atClient = new Recorder();
  let server: Connection | null = null;
  let client: Connection | null = null;
  const listener = await serverNode.runtime.network.listen('10.0.0.1', 9092, (connection) => {
    connection.handler = atServer;
    server = connection;
  });
  void clientNode.runtime.network.connect('server', 9092, 1000).then((connection) => {
    connection.handler = atClient;
    client = connection;
  });
  await world.run(() => server !== null && client !== null);
  return { world, server: server!, client: client!, atServer, atClient, serverNode, clientNode, listener };
}

/** Runs the world for so much longer. */
export function more(world: World, ms: number): Promise<unknown> {
  return world.run({ timeNs: world.nowNs + ms * 1e6 });
}
