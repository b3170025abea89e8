import type { Runtime } from '../core/runtime.ts';
import type { LoadHandle } from '../workloads/actors/conduct.ts';
import type { Environment } from '../workloads/actors/environment.ts';
import { Load } from '../workloads/actors/load.ts';
import type { Roster } from '../workloads/actors/roster.ts';
import type { SimNode } from './node.ts';
import type { World } from './world.ts';

/** Client nodes at most; more seats than that share nodes. */
const CLIENT_NODES_MAX = 16;

/** The producers and consumers of a run, on nodes of their own. */
export function clientLoads(
  world: World,
  roster: Roster,
  environmentOf: (node: SimNode, runtime: Runtime) => Environment,
): { nodes: SimNode[]; loads: LoadHandle[] } {
  const nodes: SimNode[] = [];
  const seats = [...roster.producers, ...roster.consumers];
  const count = Math.min(CLIENT_NODES_MAX, Math.max(1, seats.length));
  const loads = Array.from({ length: count }, (_, index): LoadHandle => {
    const own = seats.filter((_seat, position) => position % count === index);
    const node = world.addNode({ name: `client-${index}`, host: `client-${index}` });
    nodes.push(node);
    const load = new Load(
      environmentOf(node, node.runtime),
      own.filter((seat) => seat.kind === 'producer'),
      own.filter((seat) => seat.kind === 'consumer'),
    );
    return {
      connect: () => load.connect(),
      run: async () => load.run(),
      pauseConsumers: async () => load.pauseConsumers(),
      resumeConsumers: async () => load.resumeConsumers(),
      stopProducers: (timeoutMs) => load.stopProducers(timeoutMs),
      stopConsumers: (timeoutMs) => load.stopConsumers(timeoutMs),
    };
  });
  return { nodes, loads };
}
