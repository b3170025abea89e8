import type { SimNode } from './node.ts';

/**
 * Lets `act` end the node's process, and ends it then, or when the grace is over. Resolves, outside of any node, to
 * whether it ended by itself within its time; without `act` it is killed.
 */
export function endInOrder(node: SimNode, graceNs: number, act: (() => Promise<void>) | null): Promise<boolean> {
  const { incarnation, world } = node;
  return new Promise((resolve) => {
    let decided = false;
    const end = (orderly: boolean): void => {
      if (decided) return;
      decided = true;
      if (incarnation.alive) node.kill();
      resolve(orderly);
    };
    if (act === null) {
      end(false);
      return;
    }
    const stopped = (orderly: boolean) => (): void => {
      world.at(world.nowNs, () => end(orderly && incarnation.alive));
    };
    node.post({ serve: () => void act().then(stopped(true), stopped(false)) }, 0);
    world.at(world.nowNs + graceNs, () => end(false));
  });
}
