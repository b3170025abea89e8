import type { SimNode } from '../node.ts';
import { type ActionOf, ending, type FaultContext, type Inject, type Injected, MS, withOwnDisk } from './fault.ts';

/** Kill, power loss, a disk replaced or swapped: the process ends in some way and starts again later. */
export const kill: Inject<ActionOf<'kill'>> = (action, context) =>
  endAndRestart(context.resolve(action.target), action.restartAfterMs, context, (node) => node.kill());

export const powerLoss: Inject<ActionOf<'power-loss'>> = (action, context) =>
  endAndRestart(withOwnDisk(action.target, context), action.restartAfterMs, context, (node) => node.powerLoss());

export const diskReplace: Inject<ActionOf<'disk-replace'>> = (action, context) =>
  endAndRestart(withOwnDisk(action.target, context), action.restartAfterMs, context, (node) => {
    node.kill();
    node.disk.replace();
    return true;
  });

/** Two come back with each other's disk, which they refuse to serve; healing gives each its own again. */
export const diskSwap: Inject<ActionOf<'disk-swap'>> = (action, context) => {
  const [one] = context.resolve(action.target);
  const other = context.resolve(action.with).find((node) => node !== one);
  if (one === undefined || other === undefined) return null;
  // An empty disk names nobody: it would become that of whoever gets it, for good.
  if ([one, other].some(({ disk }) => disk.usedBytes === 0)) return null;
  const exchange = (): void => {
    one.kill();
    other.kill();
    one.disk.swap(other.disk);
  };
  exchange();
  const back = endAndRestart([one, other], action.restartAfterMs, context, () => true)!;
  const healed = ending(context.world, () => {
    back.heal();
    exchange();
    one.restart();
    other.restart();
  });
  return { ...back, ...healed };
};

/** An orderly stop, which must come to its end for the fault to count. */
export const cleanStop: Inject<ActionOf<'clean-stop'>> = (action, context) =>
  stopAndRestart(context.resolve(action.target), action.restartAfterMs, context);

export const restart: Inject<ActionOf<'restart'>> = (action, context) =>
  stopAndRestart(context.resolve(action.target), 0, context);

/** How long a process may take to stop when it is asked to. */
const GRACE_NS = 30_000 * MS;

function endAndRestart(
  targets: readonly SimNode[],
  restartAfterMs: number | null,
  context: FaultContext,
  end: (node: SimNode) => boolean,
): Injected | null {
  const ended = targets.filter((node) => end(node));
  if (ended.length === 0) return null;
  const back = ending(context.world, starter(ended));
  if (restartAfterMs !== null) context.after(restartAfterMs * MS, back.heal);
  return { nodes: ended, confirmed: () => true, ...back };
}

function stopAndRestart(
  targets: readonly SimNode[],
  restartAfterMs: number | null,
  context: FaultContext,
): Injected | null {
  const asked = targets.filter((node) => node.state === 'running' || node.state === 'paused');
  if (asked.length === 0) return null;
  let orderly = 0;
  let stopped = false;
  let wanted = false;
  let start = (): void => {};
  const back = ending(context.world, () => start());
  const stops = asked.map(async (node) => {
    if (await node.shutdown(GRACE_NS)) orderly++;
  });
  void Promise.all(stops).then(() => {
    stopped = true;
    start = starter(asked);
    if (wanted) back.heal();
    else if (restartAfterMs !== null) context.after(restartAfterMs * MS, back.heal);
  });
  return {
    nodes: asked,
    confirmed: () => orderly === asked.length,
    // A process that is still stopping starts again when it has.
    heal: () => {
      wanted = true;
      if (stopped) back.heal();
    },
    endedNs: back.endedNs,
  };
}

/** Starts those that nothing else has started, or ended anew: then it is for that to start them. */
function starter(nodes: readonly SimNode[]): () => void {
  const endings = nodes.map((node) => node.endings);
  return () => {
    for (const [index, node] of nodes.entries()) {
      const down = node.state === 'down' || node.state === 'off';
      if (down && node.endings === endings[index]) node.restart();
    }
  };
}
