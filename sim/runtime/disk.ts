import { type Disk, DiskError, type DiskErrorCode, type DiskFile } from '../../core/runtime.ts';
import type { SimDisk } from '../disk/disk.ts';
import { SECTOR_BYTES, SimFile } from '../disk/file.ts';
import { type Entry, SimDirectory } from '../disk/tree.ts';
import type { Incarnation } from '../node.ts';

/** Handles that a process may hold, as of `ulimit -n` on servers. */
const MOST_HANDLES = 100_000;

/** The node's disk as one of its processes sees it. When the process is dead, every operation fails. */
export function createProcessDisk(incarnation: Incarnation): Disk {
  return new ProcessDisk(incarnation);
}

class ProcessDisk implements Disk {
  readonly #incarnation: Incarnation;
  readonly #disk: SimDisk;

  constructor(incarnation: Incarnation) {
    this.#incarnation = incarnation;
    this.#disk = incarnation.node.disk;
  }

  open(path: string, options: { create?: boolean; readOnly?: boolean } = {}): DiskFile {
    this.#begin(path, 'open');
    const { parent, name } = this.#parentOf(path, 'open');
    const existing = parent.entries.get(name);
    if (name === '' || existing instanceof SimDirectory) throw new DiskError('EISDIR', path, 'open');
    if (existing === undefined && options.create !== true) throw new DiskError('ENOENT', path, 'open');
    if (this.#incarnation.openFiles >= MOST_HANDLES || this.#disk.fails('open', path))
      throw new DiskError('EMFILE', path, 'open');
    if (existing !== undefined) return new ProcessFile(this.#incarnation, path, existing, options.readOnly === true);
    const made = new SimFile(this.#wallMs());
    this.#disk.tree.change([{ directory: parent, name, entry: made }], made.modifiedMs);
    return new ProcessFile(this.#incarnation, path, made, options.readOnly === true);
  }

  makeDirectory(path: string): void {
    this.#begin(path, 'makeDirectory');
    let directory = this.#disk.tree.root;
    const names = segmentsOf(path);
    for (const [index, name] of names.entries()) {
      const existing = directory.entries.get(name);
      if (existing === undefined) {
        const made = new SimDirectory(this.#wallMs());
        this.#disk.tree.change([{ directory, name, entry: made }], made.modifiedMs);
        directory = made;
      } else if (existing instanceof SimDirectory) {
        directory = existing;
      } else {
        throw new DiskError(index === names.length - 1 ? 'EEXIST' : 'ENOTDIR', path, 'makeDirectory');
      }
    }
  }

  list(path: string): string[] {
    this.#begin(path, 'list');
    return [...this.#directory(path, 'list').entries.keys()].sort();
  }

  stat(path: string): { kind: 'file' | 'directory'; size: number; modifiedMs: number } | null {
    this.#begin(path, 'stat');
    const entry = this.#find(path);
    if (entry === null) return null;
    return { kind: entry.kind, size: entry instanceof SimFile ? entry.size : 0, modifiedMs: entry.modifiedMs };
  }

  rename(from: string, to: string): void {
    this.#begin(from, 'rename');
    if (this.#disk.fails('rename', from)) throw new DiskError('EIO', from, 'rename');
    const source = this.#parentOf(from, 'rename');
    const target = this.#parentOf(to, 'rename');
    const moved = source.parent.entries.get(source.name);
    if (moved === undefined) throw new DiskError('ENOENT', from, 'rename');
    const replaced = target.parent.entries.get(target.name);
    if (replaced === moved) return;
    // A directory cannot move into itself (EINVAL on a machine), nor replace one of its own parents.
    if (isWithin(to, from)) throw new DiskError('EIO', from, 'rename');
    if (isWithin(from, to)) throw new DiskError('ENOTEMPTY', from, 'rename');
    const refusal = replaced === undefined ? null : renameRefusal(moved, replaced);
    if (refusal !== null) throw new DiskError(refusal, to, 'rename');
    this.#disk.tree.change(
      [
        { directory: source.parent, name: source.name, entry: null },
        { directory: target.parent, name: target.name, entry: moved },
      ],
      this.#wallMs(),
    );
    if (replaced instanceof SimFile) this.#disk.release(replaced);
  }

  unlink(path: string): void {
    this.#begin(path, 'unlink');
    if (this.#disk.fails('unlink', path)) throw new DiskError('EIO', path, 'unlink');
    const { parent, name } = this.#parentOf(path, 'unlink');
    const entry = parent.entries.get(name);
    if (entry === undefined) throw new DiskError('ENOENT', path, 'unlink');
    if (entry instanceof SimDirectory) throw new DiskError('EISDIR', path, 'unlink');
    this.#remove(parent, name, entry);
  }

  removeTree(path: string): void {
    this.#begin(path, 'removeTree');
    const names = segmentsOf(path);
    const name = names.pop();
    const parent = this.#find(names.join('/'));
    if (!(parent instanceof SimDirectory)) return;
    if (name === undefined) {
      for (const [child, entry] of [...parent.entries]) this.#remove(parent, child, entry);
      return;
    }
    const entry = parent.entries.get(name);
    if (entry !== undefined) this.#remove(parent, name, entry);
  }

  async syncDirectory(path: string): Promise<void> {
    this.#begin(path, 'syncDirectory');
    const { tree, faults } = this.#disk;
    const operations = tree.beginSync(this.#directory(path, 'syncDirectory'));
    await this.#disk.submitted(this.#incarnation, 'sync', operations.length * 512, () => {
      if (this.#disk.fails('directory-sync', path)) return new DiskError('EIO', path, 'syncDirectory');
      if (faults.syncLies) faults.hits.syncLie++;
      else tree.completeSync(operations);
      return null;
    });
  }

  /** One operation per entry, children first: a power loss may find the removal half done. */
  #remove(parent: SimDirectory, name: string, entry: Entry): void {
    if (entry instanceof SimDirectory) {
      for (const [child, inner] of [...entry.entries]) this.#remove(entry, child, inner);
    }
    this.#disk.tree.change([{ directory: parent, name, entry: null }], this.#wallMs());
    if (entry instanceof SimFile) this.#disk.release(entry);
  }

  #begin(path: string, operation: string): void {
    const incarnation = this.#incarnation;
    if (!incarnation.alive) throw new DiskError('EIO', path, operation);
    incarnation.node.charge(incarnation.node.profile.disk.callNs);
    if (this.#disk.faults.callsBlock) this.#disk.block();
  }

  #wallMs(): number {
    return this.#incarnation.node.clock.wallMs();
  }

  #directory(path: string, operation: string): SimDirectory {
    const entry = this.#find(path);
    if (entry === null) throw new DiskError('ENOENT', path, operation);
    if (entry instanceof SimFile) throw new DiskError('ENOTDIR', path, operation);
    return entry;
  }

  #find(path: string): Entry | null {
    let entry: Entry = this.#disk.tree.root;
    for (const name of segmentsOf(path)) {
      const next: Entry | undefined = entry instanceof SimDirectory ? entry.entries.get(name) : undefined;
      if (next === undefined) return null;
      entry = next;
    }
    return entry;
  }

  #parentOf(path: string, operation: string): { parent: SimDirectory; name: string } {
    const names = segmentsOf(path);
    const name = names.pop() ?? '';
    let directory = this.#disk.tree.root;
    for (const segment of names) {
      const next = directory.entries.get(segment);
      if (next === undefined) throw new DiskError('ENOENT', path, operation);
      if (next instanceof SimFile) throw new DiskError('ENOTDIR', path, operation);
      directory = next;
    }
    return { parent: directory, name };
  }
}

class ProcessFile implements DiskFile {
  readonly path: string;
  readonly #incarnation: Incarnation;
  readonly #disk: SimDisk;
  readonly #file: SimFile;
  readonly #readOnly: boolean;
  #seenSyncErrors: number;
  #open = true;

  constructor(incarnation: Incarnation, path: string, file: SimFile, readOnly: boolean) {
    this.path = path;
    this.#incarnation = incarnation;
    this.#disk = incarnation.node.disk;
    this.#file = file;
    this.#readOnly = readOnly;
    this.#seenSyncErrors = file.syncErrors;
    file.handles++;
    incarnation.openFiles++;
  }

  get size(): number {
    return this.#file.size;
  }

  write(position: number, chunks: readonly Uint8Array[]): void {
    this.#begin('write', true);
    let length = 0;
    for (const chunk of chunks) length += chunk.length;
    const { node } = this.#incarnation;
    node.charge(length * node.profile.disk.copyPerByteNs);
    const file = this.#file;
    const { faults } = this.#disk;
    let kept = length;
    let refusal: DiskErrorCode | null = null;
    if (this.#disk.fails('write', this.path)) {
      refusal = 'EIO';
      kept = 0;
    } else if (length > 0 && this.#disk.fails('short-write', this.path)) {
      refusal = 'EIO';
      kept = this.#disk.drawBelow(length);
    }
    const growth = Math.max(0, position + kept - file.size);
    if (growth > this.#disk.freeBytes) {
      faults.hits.noSpace++;
      refusal ??= 'ENOSPC';
      kept = Math.max(0, kept - (growth - this.#disk.freeBytes));
    }
    const before = file.size;
    if (refusal === null) file.write(position, chunks, length);
    else if (kept > 0) file.write(position, prefixOf(chunks, kept), kept);
    this.#disk.use(file.size - before);
    file.modifiedMs = node.clock.wallMs();
    if (refusal !== null) throw new DiskError(refusal, this.path, 'write');
  }

  read(position: number, target: Uint8Array): number {
    this.#begin('read', false);
    const { node } = this.#incarnation;
    if (this.#unreadable(position, target.length)) throw new DiskError('EIO', this.path, 'read');
    const count = this.#file.read(position, target);
    node.charge(count * node.profile.disk.copyPerByteNs);
    return count;
  }

  async readCold(position: number, target: Uint8Array): Promise<number> {
    this.#begin('read', false);
    let count = 0;
    await this.#disk.submitted(this.#incarnation, 'read', target.length, () => {
      if (this.#unreadable(position, target.length)) return new DiskError('EIO', this.path, 'read');
      count = this.#file.read(position, target);
      return null;
    });
    return count;
  }

  truncate(size: number): void {
    this.#begin('truncate', true);
    if (this.#disk.fails('truncate', this.path)) throw new DiskError('EIO', this.path, 'truncate');
    const file = this.#file;
    if (size - file.size > this.#disk.freeBytes) {
      this.#disk.faults.hits.noSpace++;
      throw new DiskError('ENOSPC', this.path, 'truncate');
    }
    this.#disk.use(size - file.size);
    file.truncate(size);
    file.modifiedMs = this.#incarnation.node.clock.wallMs();
  }

  async sync(): Promise<void> {
    this.#begin('sync', false);
    const file = this.#file;
    const { faults } = this.#disk;
    const ticket = file.beginSync();
    await this.#disk.submitted(this.#incarnation, 'sync', file.dirtyBytes, () => {
      const failing = this.#disk.fails('sync', this.path) ? 'keep' : file.dirty ? file.failNextSync : null;
      if (failing !== null) {
        faults.hits.syncFailure++;
        faults.lastNs.syncFailure = this.#disk.node.world.nowNs;
        file.failNextSync = null;
        file.syncErrors++;
        file.failSync(failing);
      } else if (faults.syncLies) {
        faults.hits.syncLie++;
      } else {
        file.completeSync(ticket);
      }
      if (this.#seenSyncErrors === file.syncErrors) return null;
      this.#seenSyncErrors = file.syncErrors;
      return new DiskError('EIO', this.path, 'sync');
    });
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    if (!this.#incarnation.alive) return;
    this.#incarnation.openFiles--;
    this.#file.handles--;
    this.#disk.release(this.#file);
  }

  /** A first failure makes its sector bad until it is written over or repaired. */
  #unreadable(position: number, length: number): boolean {
    const file = this.#file;
    if (file.unreadable(position, length)) return true;
    if (length === 0 || position >= file.size || !this.#disk.fails('read', this.path)) return false;
    file.badSectors.add(Math.floor(position / SECTOR_BYTES));
    return true;
  }

  #begin(operation: string, writes: boolean): void {
    if (!this.#open || (writes && this.#readOnly)) throw new DiskError('EBADF', this.path, operation);
    const incarnation = this.#incarnation;
    if (!incarnation.alive) throw new DiskError('EIO', this.path, operation);
    incarnation.node.charge(incarnation.node.profile.disk.callNs);
    if (this.#disk.faults.callsBlock) this.#disk.block();
  }
}

function prefixOf(chunks: readonly Uint8Array[], length: number): Uint8Array[] {
  const prefix: Uint8Array[] = [];
  let rest = length;
  for (const chunk of chunks) {
    if (rest === 0) break;
    const part = chunk.length <= rest ? chunk : chunk.subarray(0, rest);
    prefix.push(part);
    rest -= part.length;
  }
  return prefix;
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '' && segment !== '.');
}

function isWithin(path: string, parent: string): boolean {
  return `/${segmentsOf(path).join('/')}/`.startsWith(`/${segmentsOf(parent).join('/')}/`);
}

function renameRefusal(moved: Entry, replaced: Entry): DiskErrorCode | null {
  if (replaced instanceof SimFile) return moved instanceof SimDirectory ? 'ENOTDIR' : null;
  if (moved instanceof SimFile) return 'EISDIR';
  return replaced.entries.size > 0 ? 'ENOTEMPTY' : null;
}
