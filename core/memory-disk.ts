import { type Disk, DiskError, type DiskErrorCode, type DiskFile } from './runtime.ts';

export interface MemoryDiskOptions {
  /** Source of `modifiedMs`; without it every entry says 0. */
  wallMs?: () => number;
}

/**
 * A Disk in memory: visible state only, every sync succeeds at once, nothing survives the process. For tests and for
 * brokers with `storage: memory`. It has POSIX's open-file rule: an unlinked file lives on in the handles that hold it.
 */
export function createMemoryDisk(options: MemoryDiskOptions = {}): Disk {
  return new MemoryDisk(options.wallMs ?? (() => 0));
}

interface FileNode {
  readonly kind: 'file';
  /** Capacity; the bytes beyond `size` are zeros or leftovers and never shown. */
  content: Uint8Array;
  size: number;
  modifiedMs: number;
}

interface DirectoryNode {
  readonly kind: 'directory';
  readonly entries: Map<string, Node>;
  modifiedMs: number;
}

type Node = FileNode | DirectoryNode;

class MemoryDisk implements Disk {
  readonly #wallMs: () => number;
  readonly #root: DirectoryNode;

  constructor(wallMs: () => number) {
    this.#wallMs = wallMs;
    this.#root = { kind: 'directory', entries: new Map(), modifiedMs: wallMs() };
  }

  open(path: string, options: { create?: boolean; readOnly?: boolean } = {}): DiskFile {
    const { parent, name } = this.#parentOf(path, 'open');
    if (name === '') throw new DiskError('EISDIR', path, 'open');
    const existing = parent.entries.get(name);
    if (existing?.kind === 'directory') throw new DiskError('EISDIR', path, 'open');
    if (existing !== undefined) return new MemoryFile(path, existing, options.readOnly === true, this.#wallMs);
    if (options.create !== true) throw new DiskError('ENOENT', path, 'open');
    const made: FileNode = { kind: 'file', content: new Uint8Array(0), size: 0, modifiedMs: this.#wallMs() };
    parent.entries.set(name, made);
    parent.modifiedMs = made.modifiedMs;
    return new MemoryFile(path, made, options.readOnly === true, this.#wallMs);
  }

  makeDirectory(path: string): void {
    let directory = this.#root;
    for (const name of segmentsOf(path)) {
      const existing = directory.entries.get(name);
      if (existing === undefined) {
        const made: DirectoryNode = { kind: 'directory', entries: new Map(), modifiedMs: this.#wallMs() };
        directory.entries.set(name, made);
        directory.modifiedMs = made.modifiedMs;
        directory = made;
      } else if (existing.kind === 'directory') {
        directory = existing;
      } else {
        throw new DiskError(existing === this.#find(path) ? 'EEXIST' : 'ENOTDIR', path, 'makeDirectory');
      }
    }
  }

  list(path: string): string[] {
    const node = this.#find(path);
    if (node === null) throw new DiskError('ENOENT', path, 'list');
    if (node.kind === 'file') throw new DiskError('ENOTDIR', path, 'list');
    return [...node.entries.keys()].sort();
  }

  stat(path: string): { kind: 'file' | 'directory'; size: number; modifiedMs: number } | null {
    const node = this.#find(path);
    if (node === null) return null;
    return { kind: node.kind, size: node.kind === 'file' ? node.size : 0, modifiedMs: node.modifiedMs };
  }

  rename(from: string, to: string): void {
    const source = this.#parentOf(from, 'rename');
    const target = this.#parentOf(to, 'rename');
    const moved = source.parent.entries.get(source.name);
    if (moved === undefined) throw new DiskError('ENOENT', from, 'rename');
    const replaced = target.parent.entries.get(target.name);
    if (replaced === moved) return;
    // A directory cannot move into itself (EINVAL on a machine), nor replace one of its own parents.
    if (isWithin(to, from)) throw new DiskError('EIO', from, 'rename');
    if (isWithin(from, to)) throw new DiskError('ENOTEMPTY', from, 'rename');
    if (replaced !== undefined) {
      const refusal = renameRefusal(moved, replaced);
      if (refusal !== null) throw new DiskError(refusal, to, 'rename');
    }
    source.parent.entries.delete(source.name);
    target.parent.entries.set(target.name, moved);
    const now = this.#wallMs();
    source.parent.modifiedMs = now;
    target.parent.modifiedMs = now;
  }

  unlink(path: string): void {
    const { parent, name } = this.#parentOf(path, 'unlink');
    const node = parent.entries.get(name);
    if (node === undefined) throw new DiskError('ENOENT', path, 'unlink');
    if (node.kind === 'directory') throw new DiskError('EISDIR', path, 'unlink');
    parent.entries.delete(name);
    parent.modifiedMs = this.#wallMs();
  }

  removeTree(path: string): void {
    const names = segmentsOf(path);
    const name = names.pop();
    if (name === undefined) {
      this.#root.entries.clear();
      return;
    }
    let directory: Node = this.#root;
    for (const segment of names) {
      const next: Node | undefined = directory.kind === 'directory' ? directory.entries.get(segment) : undefined;
      if (next === undefined) return;
      directory = next;
    }
    if (directory.kind === 'directory' && directory.entries.delete(name)) directory.modifiedMs = this.#wallMs();
  }

  async syncDirectory(path: string): Promise<void> {
    const node = this.#find(path);
    if (node === null) throw new DiskError('ENOENT', path, 'syncDirectory');
    if (node.kind === 'file') throw new DiskError('ENOTDIR', path, 'syncDirectory');
  }

  #find(path: string): Node | null {
    let node: Node = this.#root;
    for (const name of segmentsOf(path)) {
      if (node.kind === 'file') return null;
      const next = node.entries.get(name);
      if (next === undefined) return null;
      node = next;
    }
    return node;
  }

  #parentOf(path: string, operation: string): { parent: DirectoryNode; name: string } {
    const names = segmentsOf(path);
    const name = names.pop() ?? '';
    let directory = this.#root;
    for (const segment of names) {
      const next = directory.entries.get(segment);
      if (next === undefined) throw new DiskError('ENOENT', path, operation);
      if (next.kind === 'file') throw new DiskError('ENOTDIR', path, operation);
      directory = next;
    }
    return { parent: directory, name };
  }
}

class MemoryFile implements DiskFile {
  readonly path: string;
  readonly #node: FileNode;
  readonly #readOnly: boolean;
  readonly #wallMs: () => number;
  #open = true;

  constructor(path: string, node: FileNode, readOnly: boolean, wallMs: () => number) {
    this.path = path;
    this.#node = node;
    this.#readOnly = readOnly;
    this.#wallMs = wallMs;
  }

  get size(): number {
    return this.#node.size;
  }

  write(position: number, chunks: readonly Uint8Array[]): void {
    this.#check('write', true);
    let length = 0;
    for (const chunk of chunks) length += chunk.length;
    if (length === 0) return;
    const node = this.#node;
    const end = position + length;
    if (end > node.content.length) {
      const grown = new Uint8Array(
        Math.max(end, Math.min(node.content.length * 2, node.content.length + 67108864), 512),
      );
      grown.set(node.content.subarray(0, node.size));
      node.content = grown;
    }
    // A gap past the old end reads as zeros, also where an earlier truncation left bytes.
    if (position > node.size) node.content.fill(0, node.size, position);
    let at = position;
    for (const chunk of chunks) {
      node.content.set(chunk, at);
      at += chunk.length;
    }
    if (end > node.size) node.size = end;
    node.modifiedMs = this.#wallMs();
  }

  read(position: number, target: Uint8Array): number {
    this.#check('read', false);
    const count = Math.min(target.length, this.#node.size - position);
    if (count <= 0) return 0;
    target.set(this.#node.content.subarray(position, position + count));
    return count;
  }

  async readCold(position: number, target: Uint8Array): Promise<number> {
    return this.read(position, target);
  }

  truncate(size: number): void {
    this.#check('truncate', true);
    const node = this.#node;
    if (size > node.size) {
      if (size > node.content.length) {
        const grown = new Uint8Array(size);
        grown.set(node.content.subarray(0, node.size));
        node.content = grown;
      } else {
        node.content.fill(0, node.size, size);
      }
    }
    node.size = size;
    node.modifiedMs = this.#wallMs();
  }

  async sync(): Promise<void> {
    this.#check('sync', false);
  }

  close(): void {
    this.#open = false;
  }

  #check(operation: string, writes: boolean): void {
    if (!this.#open || (writes && this.#readOnly)) throw new DiskError('EBADF', this.path, operation);
  }
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '' && segment !== '.');
}

function isWithin(path: string, parent: string): boolean {
  return `/${segmentsOf(path).join('/')}/`.startsWith(`/${segmentsOf(parent).join('/')}/`);
}

function renameRefusal(moved: Node, replaced: Node): DiskErrorCode | null {
  if (replaced.kind === 'file') return moved.kind === 'directory' ? 'ENOTDIR' : null;
  if (moved.kind === 'file') return 'EISDIR';
  return replaced.entries.size > 0 ? 'ENOTEMPTY' : null;
}
