import { type Disk, DiskError, type DiskErrorCode, type DiskFile } from '../../core/runtime.ts';
import type { SimDisk } from '../disk/disk.ts';
import { SimFile } from '../disk/file.ts';
import { type Entry, SimDirectory } from '../disk/tree.ts';
import type { Incarnation } from '../incarnation.ts';
import { ProcessFile } from './disk-file.ts';

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
