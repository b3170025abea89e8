import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { createMemoryDisk } from '../memory-disk.ts';
import { type Disk, DiskError } from '../runtime.ts';
import { nodeDisk } from './disk.ts';

const scratch = mkdtempSync(join(tmpdir(), 'disk-contract-'));
afterAll(() => rmSync(scratch, { recursive: true }));

let directories = 0;
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const text = (disk: Disk, path: string): string => {
  const file = disk.open(path, { readOnly: true });
  const target = new Uint8Array(file.size);
  expect(file.read(0, target)).toBe(file.size);
  file.close();
  return Buffer.from(target).toString();
};
const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return error instanceof DiskError ? error.code : `not a DiskError: ${String(error)}`;
  }
  return 'no error';
};

/** What both disks must do, on a fresh directory of each. */
describe.each([
  ['the machine', () => nodeDisk],
  ['memory', () => createMemoryDisk()],
])('the contract of Disk, on %s', (_name, make) => {
  const fresh = (): { disk: Disk; root: string } => {
    const disk = make();
    const root = `${scratch}/${directories++}`;
    disk.makeDirectory(root);
    return { disk, root };
  };

  test('writes chunks at a position and reads them back', async () => {
    const { disk, root } = fresh();
    const file = disk.open(`${root}/a`, { create: true });
    file.write(0, [bytes('hello '), new Uint8Array(0), bytes('world')]);
    expect(file.size).toBe(11);
    file.write(6, [bytes('there')]);
    file.write(11, []);
    const target = new Uint8Array(20);
    expect(file.read(3, target)).toBe(8);
    expect(Buffer.from(target.subarray(0, 8)).toString()).toBe('lo there');
    expect(await file.readCold(8, target)).toBe(3);
    expect(file.read(11, target)).toBe(0);
    expect(file.read(500, target)).toBe(0);
    await file.sync();
    await disk.syncDirectory(root);
    file.close();
    file.close();
    expect(text(disk, `${root}/a`)).toBe('hello there');
  });

  test('a write past the end leaves zeros, also over bytes that were cut off', () => {
    const { disk, root } = fresh();
    const file = disk.open(`${root}/a`, { create: true });
    file.write(0, [bytes('abcdef')]);
    file.truncate(2);
    file.write(4, [bytes('X')]);
    expect(text(disk, `${root}/a`)).toBe('ab\0\0X');
    file.truncate(7);
    expect(file.size).toBe(7);
    expect(text(disk, `${root}/a`)).toBe('ab\0\0X\0\0');
    file.close();
  });

  test('many chunks are written in one call', () => {
    const { disk, root } = fresh();
    const file = disk.open(`${root}/a`, { create: true });
    const chunks = Array.from({ length: 3000 }, (_, index) => bytes(`${index},`));
    file.write(0, chunks);
    file.close();
    expect(text(disk, `${root}/a`)).toBe(Buffer.concat(chunks).toString());
  });

  test('open: missing, created, kept, read-only, a directory', () => {
    const { disk, root } = fresh();
    expect(codeOf(() => disk.open(`${root}/a`))).toBe('ENOENT');
    expect(codeOf(() => disk.open(`${root}/no/a`, { create: true }))).toBe('ENOENT');
    const file = disk.open(`${root}/a`, { create: true });
    file.write(0, [bytes('kept')]);
    file.close();
    expect(disk.open(`${root}/a`, { create: true }).size).toBe(4);
    const readOnly = disk.open(`${root}/a`, { readOnly: true });
    expect(codeOf(() => readOnly.write(0, [bytes('x')]))).toBe('EBADF');
    expect(codeOf(() => readOnly.truncate(0))).toBe('EBADF');
    expect(codeOf(() => disk.open(root))).toBe('EISDIR');
    expect(codeOf(() => disk.open(root, { readOnly: true }))).toBe('EISDIR');
    expect(codeOf(() => disk.open(`${root}/a/b`, { create: true }))).toBe('ENOTDIR');
  });

  test('a closed file refuses everything', async () => {
    const { disk, root } = fresh();
    const file = disk.open(`${root}/a`, { create: true });
    file.close();
    expect(codeOf(() => file.write(0, [bytes('x')]))).toBe('EBADF');
    expect(codeOf(() => file.read(0, new Uint8Array(1)))).toBe('EBADF');
    await expect(file.sync()).rejects.toMatchObject({ code: 'EBADF' });
    await expect(file.readCold(0, new Uint8Array(1))).rejects.toMatchObject({ code: 'EBADF' });
  });

  test('a close waits for the syncs and reads that are under way', async () => {
    const { disk, root } = fresh();
    const file = disk.open(`${root}/a`, { create: true });
    file.write(0, [bytes('abc')]);
    const target = new Uint8Array(3);
    const waits = [file.sync(), file.readCold(0, target)] as const;
    file.close();
    const other = disk.open(`${root}/b`, { create: true });
    other.write(0, [bytes('xyz')]);
    await waits[0];
    expect(await waits[1]).toBe(3);
    expect(Buffer.from(target).toString()).toBe('abc');
    other.close();
  });

  test('directories: made with their parents, listed in order, removed with their contents', async () => {
    const { disk, root } = fresh();
    disk.makeDirectory(`${root}/b/c`);
    disk.makeDirectory(`${root}/b/c`);
    for (const name of ['b/z', 'b/Z', 'b/10', 'b/9', 'b/ä']) disk.open(`${root}/${name}`, { create: true }).close();
    expect(disk.list(`${root}/b`)).toEqual(['10', '9', 'Z', 'c', 'z', 'ä']);
    expect(disk.stat(`${root}/b`)).toMatchObject({ kind: 'directory', size: 0 });
    expect(codeOf(() => disk.list(`${root}/none`))).toBe('ENOENT');
    expect(codeOf(() => disk.list(`${root}/b/z`))).toBe('ENOTDIR');
    expect(codeOf(() => disk.makeDirectory(`${root}/b/z`))).toBe('EEXIST');
    expect(codeOf(() => disk.makeDirectory(`${root}/b/z/y`))).toBe('ENOTDIR');
    await expect(disk.syncDirectory(`${root}/none`)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(disk.syncDirectory(`${root}/b/z`)).rejects.toMatchObject({ code: 'ENOTDIR' });
    disk.removeTree(`${root}/b`);
    disk.removeTree(`${root}/b`);
    expect(disk.list(root)).toEqual([]);
  });

  test('stat tells size and kind, and null for nothing', () => {
    const { disk, root } = fresh();
    const file = disk.open(`${root}/a`, { create: true });
    file.write(0, [bytes('12345')]);
    expect(disk.stat(`${root}/a`)).toMatchObject({ kind: 'file', size: 5 });
    expect(Number.isInteger(disk.stat(`${root}/a`)!.modifiedMs)).toBe(true);
    expect(disk.stat(`${root}/b`)).toBeNull();
    expect(disk.stat(`${root}/a/b`)).toBeNull();
    file.close();
  });

  test('rename replaces in one step; a handle stays with its file', () => {
    const { disk, root } = fresh();
    const a = disk.open(`${root}/a`, { create: true });
    const b = disk.open(`${root}/b`, { create: true });
    a.write(0, [bytes('new')]);
    b.write(0, [bytes('old')]);
    disk.rename(`${root}/a`, `${root}/b`);
    expect(disk.list(root)).toEqual(['b']);
    expect(text(disk, `${root}/b`)).toBe('new');
    const target = new Uint8Array(3);
    b.read(0, target);
    expect(Buffer.from(target).toString()).toBe('old');
    a.close();
    b.close();
    expect(codeOf(() => disk.rename(`${root}/none`, `${root}/c`))).toBe('ENOENT');
    expect(codeOf(() => disk.rename(`${root}/b`, `${root}/no/c`))).toBe('ENOENT');
    disk.makeDirectory(`${root}/d/e`);
    disk.makeDirectory(`${root}/f/g`);
    expect(codeOf(() => disk.rename(`${root}/b`, `${root}/d`))).toBe('EISDIR');
    expect(codeOf(() => disk.rename(`${root}/d`, `${root}/b`))).toBe('ENOTDIR');
    expect(codeOf(() => disk.rename(`${root}/d`, `${root}/f`))).toBe('ENOTEMPTY');
    disk.rename(`${root}/d`, `${root}/moved`);
    expect(disk.list(`${root}/moved`)).toEqual(['e']);
  });

  test('an unlinked file lives on in the handles that hold it', () => {
    const { disk, root } = fresh();
    const file = disk.open(`${root}/a`, { create: true });
    file.write(0, [bytes('abc')]);
    disk.unlink(`${root}/a`);
    expect(disk.stat(`${root}/a`)).toBeNull();
    expect(file.read(0, new Uint8Array(3))).toBe(3);
    file.close();
    expect(codeOf(() => disk.unlink(`${root}/a`))).toBe('ENOENT');
    expect(codeOf(() => disk.unlink(root))).toBe('EISDIR');
  });
});

test('any sequence of operations leaves the machine and the memory with the same files', () => {
  const path = fc.constantFrom('a', 'b', 'd', 'd/a', 'd/b', 'd/e', 'a/x');
  const operation = fc.oneof(
    fc.record({ kind: fc.constant('write' as const), path, at: fc.nat(40), length: fc.nat(40) }),
    fc.record({ kind: fc.constant('truncate' as const), path, at: fc.nat(50) }),
    fc.record({ kind: fc.constant('rename' as const), path, to: path }),
    fc.record({ kind: fc.constantFrom('unlink' as const, 'directory' as const, 'remove' as const), path }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 25 }), (operations) => {
      const worlds = [
        { disk: nodeDisk, root: `${scratch}/${directories++}` },
        { disk: createMemoryDisk(), root: '/m' },
      ];
      const outcomes = worlds.map(({ disk, root }) => {
        disk.makeDirectory(root);
        const seen: unknown[] = [];
        for (const each of operations) {
          const at = `${root}/${each.path}`;
          seen.push(
            codeOf(() => {
              if (each.kind === 'rename') return disk.rename(at, `${root}/${each.to}`);
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
        const walk = (directory: string): unknown[] =>
          disk.list(directory).map((name) => {
            const stat = disk.stat(`${directory}/${name}`)!;
            if (stat.kind === 'directory') return [name, walk(`${directory}/${name}`)];
            return [name, text(disk, `${directory}/${name}`)];
          });
        return { seen, tree: walk(root) };
      });
      expect(outcomes[1]).toEqual(outcomes[0]);
    }),
    { numRuns: 150 },
  );
});
