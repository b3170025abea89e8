import type { Selector } from '../../workloads/fault.ts';
import type { DiskFaults } from '../disk/faults.ts';
import type { SimFile } from '../disk/file.ts';
import type { SimNode } from '../node.ts';
import { type ActionOf, type FaultContext, type Inject, type Injected, lasting, struck, withOwnDisk } from './fault.ts';

/** Little is left, so that the fault shows within a few batches and within one, too. */
const MOST_ROOM_BYTES = 65536;

export const diskFull: Inject<ActionOf<'disk-full'>> = (action, context) =>
  lasting(context.resolve(action.target), action.forMs, context, (node) => {
    const { disk } = node;
    disk.faults.capacityBytes = disk.usedBytes + context.random.below(MOST_ROOM_BYTES);
    const end = (): void => {
      disk.faults.capacityBytes = Infinity;
    };
    return { end, confirmed: increased(node, 'noSpace') };
  });

export const diskStall: Inject<ActionOf<'disk-stall'>> = (action, context) =>
  lasting(context.resolve(action.target), action.forMs, context, (node) => {
    const { disk } = node;
    const undo = disk.stall();
    if (action.operations === 'all') disk.faults.callsBlock = true;
    const end = (): void => {
      undo();
      if (action.operations !== 'all') return;
      disk.faults.callsBlock = false;
      disk.unblock();
    };
    return { end, confirmed: increased(node, 'stall') };
  });

export const slowDisk: Inject<ActionOf<'slow-disk'>> = (action, context) =>
  lasting(context.resolve(action.target), action.forMs, context, (node) => {
    const { faults } = node.disk;
    faults.slowFactor *= action.factor;
    const end = (): void => {
      faults.slowFactor /= action.factor;
    };
    return { end, confirmed: () => true };
  });

export const fsyncLie: Inject<ActionOf<'fsync-lie'>> = (action, context) =>
  lasting(context.resolve(action.target), action.forMs, context, (node) => {
    const { faults } = node.disk;
    faults.syncLies = true;
    const end = (): void => {
      faults.syncLies = false;
    };
    return { end, confirmed: increased(node, 'syncLie') };
  });

export const fsyncFailure: Inject<ActionOf<'fsync-failure'>> = (action, context) =>
  oneBlow(context, action.target, 'syncFailure', (node) => {
    return node.disk.failSyncs(context.random.below(2) === 0 ? 'keep' : 'revert') > 0;
  });

export const diskError: Inject<ActionOf<'disk-error'>> = (action, context) =>
  oneBlow(context, action.target, action.operation === 'sync' ? 'syncFailure' : 'failure', (node) => {
    node.disk.faults.failNext.set(action.operation, {});
    return true;
  });

export const shortWrite: Inject<ActionOf<'short-write'>> = (action, context) =>
  oneBlow(context, action.target, 'failure', (node) => {
    node.disk.faults.failNext.set('short-write', {});
    return true;
  });

/** A byte of a log when there is one, else of any file; every byte is as likely as any other. */
export const bitFlip: Inject<ActionOf<'bit-flip'>> = (action, context) => {
  const files: string[] = [];
  const hit = withOwnDisk(action.target, context).filter((node) => {
    const path = flip(node, context);
    if (path !== null) files.push(path);
    return path !== null;
  });
  const injected = struck(hit, context);
  return injected === null ? null : { ...injected, files };
};

/** The path of the file that it hit. */
function flip(node: SimNode, { random }: FaultContext): string | null {
  const files: { path: string; file: SimFile }[] = [];
  node.disk.tree.walk((path, file) => {
    if (file.size > 0) files.push({ path, file });
  });
  const logs = files.filter(({ path }) => path.endsWith('.log'));
  const candidates = logs.length > 0 ? logs : files;
  let at = random.below(
    Math.max(
      1,
      candidates.reduce((sum, { file }) => sum + file.size, 0),
    ),
  );
  for (const { path, file } of candidates) {
    if (at < file.size) {
      file.flips.set(at, 1 << random.below(8));
      return path;
    }
    at -= file.size;
  }
  return null;
}

/** Something that happens to the next operation; confirmed once it did on every node. */
function oneBlow(
  context: FaultContext,
  target: Selector,
  hit: keyof DiskFaults['lastNs'],
  strike: (node: SimNode) => boolean,
): Injected | null {
  const confirmations: (() => boolean)[] = [];
  const nodes = context.resolve(target).filter((node) => {
    const confirmed = increased(node, hit);
    if (!strike(node)) return false;
    confirmations.push(confirmed);
    return true;
  });
  if (nodes.length === 0) return null;
  return {
    nodes,
    confirmed: () => confirmations.every((each) => each()),
    heal: () => {
      for (const node of nodes) {
        node.disk.faults.failNext.clear();
        for (const file of node.disk.tree.files()) file.failNextSync = null;
      }
    },
    // It waits for its operation: a sync may come long after, of a file that is written again or opened by the next life.
    endedNs: () =>
      confirmations.every((each) => each()) ? Math.max(...nodes.map(({ disk }) => disk.faults.lastNs[hit])) : null,
  };
}

function increased(node: SimNode, hit: keyof DiskFaults['hits']): () => boolean {
  const { hits } = node.disk.faults;
  const before = hits[hit];
  return () => hits[hit] > before;
}
