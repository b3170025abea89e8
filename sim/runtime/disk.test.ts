import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMemoryDisk } from '../../core/memory-disk.ts';
import { type Disk, DiskError } from '../../core/runtime.ts';
import { type CrashOutcome, plainCodecs, type SimNode, World } from '../index.ts';

const makeNode = (seed = 'test'): { world: World; node: SimNode } => {
  const world = new World({
    seed,
    codecs: plainCodecs,
    afterMicrotasks: (callback) => queueMicrotask(() => process.nextTick(callback)),
  });
  return { world, node: world.addNode({ name: 'a', host: 'a' }) };
};

/** Runs the world until the promise has settled. */
async function settled<T>(world: World, promise: Promise<T>): Promise<T> {
  let done = false;
  const finished = (): void => {
    done = true;
  };
  promise.then(finished, finished);
  const { reason } = await world.run(() => done, { maxEvents: 100_000 });
  if (!done) throw new Error(`not settled: ${reason}`);
  return promise;
}

const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return error instanceof DiskError ? error.code : `not a DiskError: ${String(error)}`;
  }
  return 'no error';
};

const text = (disk: Disk, path: string): string => {
  const file = disk.open(path, { readOnly: true });
  const target = new Uint8Array(file.size);
  file.read(0, target);
  file.close();
  return Buffer.from(target).toString('latin1');
};

const tree = (disk: Disk, directory = '/'): unknown[] =>
  disk.list(directory).map((name) => {
    const path = `${directory}/${name}`;
    return disk.stat(path)!.kind === 'directory' ? [name, tree(disk, path)] : [name, text(disk, path)];
  });

// The disk in memory and the machine's own pass one contract (core/node/disk.test.ts); this one follows by comparison.
test('any sequence of operations leaves this disk and the one in memory alike', () => {
  const path = fc.constantFrom('a', 'b', 'd', 'd/a', 'd/b', 'd/e', 'a/x', '.');
  const operation = fc.oneof(
    fc.record({ kind: fc.constant('write' as const), path, at: fc.nat(9000), length: fc.nat(9000) }),
    fc.record({ kind: fc.constant('truncate' as const), path, at: fc.nat(10_000) }),
    fc.record({ kind: fc.constant('rename' as const), path, to: path }),
    fc.record({ kind: fc.constantFrom('unlink' as const, 'directory' as const, 'remove' as const), path }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 25 }), (operations) => {
      const { node } = makeNode();
      const outcomes = [node.runtime.disk, createMemoryDisk()].map((disk) => {
        disk.makeDirectory('/m');
        const seen: unknown[] = [];
        for (const each of operations) {
          const at = `/m/${each.path}`;
          seen.push(
            codeOf(() => {
              if (each.kind === 'rename') return disk.rename(at, `/m/${each.to}`);
              if (each.kind === 'unlink') return disk.unlink(at);
              if (each.kind === 'directory') return disk.makeDirectory(at);
              if (each.kind === 'remove') return disk.removeTree(at);
              const file = disk.open(at, { create: true });
              if (each.kind === 'write') file.write(each.at, [new Uint8Array(each.length).fill(each.at + 1)]);
              if (each.kind === 'truncate') file.truncate(each.at);
              seen.push(file.size);
              file.close();
            }),
          );
        }
        seen.push(
          codeOf(() => disk.list('/none')),
          codeOf(() => disk.open('/none/a', { create: true })),
        );
        return { seen, tree: tree(disk) };
      });
      expect(outcomes[0]).toEqual(outcomes[1]);
    }),
    { numRuns: 150 },
  );
});

test('handles: open ones keep an unlinked file, closed and read-only ones refuse', async () => {
  const { world, node } = makeNode();
  const { disk } = node.runtime;
  const file = disk.open('/a', { create: true });
  file.write(0, [new Uint8Array(100)]);
  disk.unlink('/a');
  expect(node.disk.usedBytes).toBe(100);
  const target = new Uint8Array(200);
  expect(file.read(0, target)).toBe(100);
  expect(await settled(world, file.readCold(40, target))).toBe(60);
  const reader = disk.open('/b', { create: true, readOnly: true });
  expect(codeOf(() => reader.write(0, [target]))).toBe('EBADF');
  expect(codeOf(() => reader.truncate(0))).toBe('EBADF');
  file.close();
  file.close();
  reader.close();
  expect(node.disk.usedBytes).toBe(0);
  expect(node.incarnation.openFiles).toBe(0);
  expect(codeOf(() => file.read(0, target))).toBe('EBADF');
  await expect(file.sync()).rejects.toMatchObject({ code: 'EBADF' });
});

describe('names after a power loss', () => {
  const crash = (node: SimNode, outcome: CrashOutcome): Disk => {
    node.disk.nextOutcome = outcome;
    node.powerLoss();
    return node.restart().disk;
  };

  test('a file without a sync of its directory is gone, though its contents were synced', async () => {
    const { world, node } = makeNode();
    const { disk } = node.runtime;
    disk.makeDirectory('/d');
    await settled(world, disk.syncDirectory('/'));
    for (const name of ['kept', 'lost']) {
      const file = disk.open(`/d/${name}`, { create: true });
      file.write(0, [Buffer.from(name)]);
      await settled(world, file.sync());
      if (name === 'kept') await settled(world, disk.syncDirectory('/d'));
    }
    expect(tree(crash(node, 'all-lost'))).toEqual([['d', [['kept', 'kept']]]]);
  });

  test('a synced directory does not make its own name durable, nor the contents of its files', async () => {
    const { world, node } = makeNode();
    const { disk } = node.runtime;
    disk.makeDirectory('/d');
    disk.open('/d/f', { create: true }).write(0, [Buffer.from('unsynced')]);
    await settled(world, disk.syncDirectory('/d'));
    await settled(world, disk.syncDirectory('/'));
    disk.makeDirectory('/e');
    disk.open('/e/f', { create: true });
    await settled(world, disk.syncDirectory('/e'));
    expect(tree(crash(node, 'all-lost'))).toEqual([['d', [['f', '']]]]);
  });

  test('a rename shows the old or the new file, never neither; an unlinked one may return', async () => {
    const found = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const { world, node } = makeNode(String(seed));
      const { disk } = node.runtime;
      for (const name of ['x', 'gone']) {
        const file = disk.open(`/${name}`, { create: true });
        file.write(0, [Buffer.from('old')]);
        await settled(world, file.sync());
      }
      await settled(world, disk.syncDirectory('/'));
      const next = disk.open('/x.tmp', { create: true });
      next.write(0, [Buffer.from('new')]);
      await settled(world, next.sync());
      disk.rename('/x.tmp', '/x');
      disk.unlink('/gone');
      node.powerLoss();
      const after = node.restart().disk;
      const names = after.list('/');
      expect(names).toContain('x');
      expect(text(after, '/x') === 'old' || (text(after, '/x') === 'new' && !names.includes('x.tmp'))).toBe(true);
      found.add(`${text(after, '/x')} ${names.includes('x.tmp')} ${names.includes('gone')}`);
    }
    expect([...found].sort()).toEqual([
      'new false false',
      'new false true',
      'old false false',
      'old false true',
      'old true false',
      'old true true',
    ]);
  });

  test('a name taken anew does not outlive the rename that freed it', async () => {
    for (let seed = 0; seed < 40; seed++) {
      const { world, node } = makeNode(String(seed));
      const { disk } = node.runtime;
      const file = disk.open('/a', { create: true });
      file.write(0, [Buffer.from('old')]);
      await settled(world, file.sync());
      await settled(world, disk.syncDirectory('/'));
      disk.rename('/a', '/b');
      disk.open('/a', { create: true });
      node.disk.nextOutcome = 'subset';
      node.powerLoss();
      const after = node.restart().disk;
      expect(after.list('/').map((name) => text(after, `/${name}`))).toContain('old');
    }
  });

  test('a renamed file whose contents were not synced may be empty under its new name', async () => {
    const { world, node } = makeNode();
    const { disk } = node.runtime;
    disk.open('/x.tmp', { create: true }).write(0, [Buffer.from('new')]);
    disk.rename('/x.tmp', '/x');
    await settled(world, disk.syncDirectory('/'));
    expect(tree(crash(node, 'all-lost'))).toEqual([['x', '']]);
  });

  test('a removed tree may come back in part', async () => {
    const found = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const { world, node } = makeNode(String(seed));
      const { disk } = node.runtime;
      disk.makeDirectory('/d');
      for (const name of ['a', 'b']) disk.open(`/d/${name}`, { create: true });
      await settled(world, disk.syncDirectory('/'));
      await settled(world, disk.syncDirectory('/d'));
      disk.removeTree('/d');
      expect(disk.list('/')).toEqual([]);
      node.powerLoss();
      found.add(JSON.stringify(tree(node.restart().disk)));
    }
    expect(found).toContain('[]');
    expect(found).toContain('[["d",[["a",""],["b",""]]]]');
    expect(found).toContain('[["d",[["b",""]]]]');
  });
});

describe('syncs', () => {
  test('take time, and cover what was written before they were asked for', async () => {
    const { world, node } = makeNode();
    const { disk } = node.runtime;
    const file = disk.open('/f', { create: true });
    await settled(world, disk.syncDirectory('/'));
    file.write(0, [Buffer.from('before')]);
    const start = world.nowNs;
    const sync = file.sync();
    file.write(6, [Buffer.from(' after')]);
    await settled(world, sync);
    expect(world.nowNs - start).toBeGreaterThan(node.profile.disk.sync.minNs);
    node.disk.nextOutcome = 'all-lost';
    node.powerLoss();
    expect(text(node.restart().disk, '/f')).toBe('before');
  });

  test('one under way ends with a kill, but not with a power loss', async () => {
    for (const [end, expected] of [
      ['kill', 'written'],
      ['powerLoss', ''],
    ] as const) {
      const { world, node } = makeNode();
      const { disk } = node.runtime;
      const file = disk.open('/f', { create: true });
      await settled(world, disk.syncDirectory('/'));
      file.write(0, [Buffer.from('written')]);
      void file.sync().then(() => expect.unreachable());
      await world.run({ timeNs: world.nowNs + 1000 });
      node.disk.nextOutcome = 'all-lost';
      node[end]();
      await world.run({ timeNs: world.nowNs + 1e9 });
      const later = node.restart().disk.open('/f');
      later.write(later.size, [Buffer.from('unsynced')]);
      node.disk.nextOutcome = 'all-lost';
      node.powerLoss();
      expect(text(node.restart().disk, '/f')).toBe(expected);
    }
  });
});

describe('faults', () => {
  test('a full disk keeps the prefix that fitted', () => {
    const { node } = makeNode();
    const { disk } = node.runtime;
    const file = disk.open('/f', { create: true });
    file.write(0, [Buffer.from('12345')]);
    node.disk.faults.capacityBytes = 8;
    expect(codeOf(() => file.write(5, [Buffer.from('67'), Buffer.from('89')]))).toBe('ENOSPC');
    expect(text(disk, '/f')).toBe('12345678');
    file.write(0, [Buffer.from('overwritten'.slice(0, 8))]);
    expect(codeOf(() => file.truncate(9))).toBe('ENOSPC');
    expect(node.disk.faults.hits.noSpace).toBe(2);
    file.truncate(2);
    file.write(2, [Buffer.from('345678')]);
    node.disk.faults.capacityBytes = Infinity;
    file.write(8, [Buffer.from('9')]);
    expect(node.disk.usedBytes).toBe(9);
  });

  test('a write error hits the files it names', () => {
    const { node } = makeNode();
    const { disk } = node.runtime;
    node.disk.faults.failNext.set('short-write', { suffix: '.log' });
    const other = disk.open('/a.index', { create: true });
    other.write(0, [new Uint8Array(5)]);
    const file = disk.open('/a.log', { create: true });
    expect(codeOf(() => file.write(0, [new Uint8Array(500)]))).toBe('EIO');
    expect(file.size).toBeLessThan(500);
    expect(node.disk.faults.hits.failure).toBe(1);
    file.write(0, [new Uint8Array(500)]);
    expect(file.size).toBe(500);
  });

  test('a failed sync is told once per handle, then the next succeeds', async () => {
    const { world, node } = makeNode();
    const { disk } = node.runtime;
    const file = disk.open('/f', { create: true });
    const other = disk.open('/f');
    await settled(world, disk.syncDirectory('/'));
    file.write(0, [Buffer.from('lost')]);
    expect(node.disk.failSyncs('keep', { suffix: 'g' })).toBe(0);
    expect(node.disk.failSyncs('keep', { prefix: '/f' })).toBe(1);
    await expect(settled(world, file.sync())).rejects.toMatchObject({ code: 'EIO' });
    await settled(world, file.sync());
    await expect(settled(world, other.sync())).rejects.toMatchObject({ code: 'EIO' });
    await settled(world, other.sync());
    await settled(world, disk.open('/f').sync());
    expect(text(disk, '/f')).toBe('lost');
    expect(node.disk.faults.hits.syncFailure).toBe(1);
    node.powerLoss();
    expect(text(node.restart().disk, '/f')).not.toContain('lost');
  });

  test('a lying sync makes nothing durable', async () => {
    const { world, node } = makeNode();
    const { disk } = node.runtime;
    const file = disk.open('/f', { create: true });
    await settled(world, disk.syncDirectory('/'));
    file.write(0, [Buffer.from('lie')]);
    node.disk.faults.syncLies = true;
    await settled(world, file.sync());
    node.disk.nextOutcome = 'all-lost';
    node.powerLoss();
    expect(text(node.restart().disk, '/f')).toBe('');
    expect(node.disk.faults.hits.syncLie).toBe(1);
  });

  test('a stall delays what needs the device', async () => {
    const { world, node } = makeNode();
    const file = node.runtime.disk.open('/f', { create: true });
    const undo = [node.disk.stall(), node.disk.stall()];
    world.at(3e9, undo[0]!);
    world.at(4e9, undo[0]!);
    world.at(5e9, undo[1]!);
    await settled(world, file.sync());
    expect(world.nowNs).toBeGreaterThanOrEqual(5e9);
    expect(node.disk.faults.hits.stall).toBe(1);
  });

  test('another disk is empty, and only a machine without a process takes it', () => {
    const { node } = makeNode();
    node.runtime.disk.makeDirectory('/d');
    expect(() => node.disk.replace()).toThrow('in use');
    node.kill();
    node.disk.replace();
    expect(node.restart().disk.list('/')).toEqual([]);
  });
});
