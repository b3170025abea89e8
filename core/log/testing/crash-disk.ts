import { type Disk, DiskError, type DiskFile, type Random } from '../../runtime.ts';
import { parentOf } from '../durable-file.ts';

type FileOperation =
  | { readonly kind: 'write'; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly size: number };

/** A file's bytes as they are seen, as the device has them, and what lies between. */
interface FileNode {
  visible: Uint8Array;
  durable: Uint8Array;
  pending: FileOperation[];
  /** Positions of bytes that a failed sync left clean: seen, not on the device, and never to be written by a sync. */
  forgotten: Set<number>;
}

/** One atomic change of a directory: a name given to a file, or taken away (null). */
type EntryChange = readonly (readonly [path: string, node: FileNode | null])[];

/**
 * A disk that dies after a given amount of work (a byte written or any other operation counts one) and then shows what
 * a crash may leave: of a process, all that was written up to that byte; of the machine, what was synced and some of
 * the rest, torn, zeroed or garbled.
 */
export class CrashDisk implements Disk {
  /** Work left before the crash. */
  budget: number;
  /** The next sync of a file with something to write fails, once, and leaves its pages clean as Linux does. */
  failNextSync = false;
  #crashed = false;
  readonly #directories = new Set<string>(['/']);
  #files = new Map<string, FileNode>();
  #durableFiles = new Map<string, FileNode>();
  #pendingEntries = new Map<string, EntryChange[]>();

  constructor(budget: number = Number.POSITIVE_INFINITY) {
    this.budget = budget;
  }

  get crashed(): boolean {
    return this.#crashed;
  }

  /** As if the process was killed: what was written is there. */
  afterProcessCrash(): CrashDisk {
    const disk = new CrashDisk();
    for (const directory of this.#directories) disk.#directories.add(directory);
    for (const [path, node] of this.#files) disk.#adopt(path, node.visible);
    return disk;
  }

  /** As if the machine lost its power. */
  afterPowerLoss(random: Random): CrashDisk {
    const disk = new CrashDisk();
    for (const directory of this.#directories) disk.#directories.add(directory);
    const entries = new Map(this.#durableFiles);
    for (const changes of this.#pendingEntries.values()) {
      // A journal keeps a prefix; without one any of the changes may have come through.
      const ordered = random.below(2) === 0;
      const kept = random.below(changes.length + 1);
      for (const [index, change] of changes.entries()) {
        if (ordered ? index >= kept : random.below(2) === 0) continue;
        for (const [path, node] of change) {
          if (node === null) entries.delete(path);
          else entries.set(path, node);
        }
      }
    }
    for (const [path, node] of entries) disk.#adopt(path, survivingBytes(node, random));
    return disk;
  }

  #adopt(path: string, bytes: Uint8Array): void {
    const node: FileNode = { visible: bytes.slice(), durable: bytes.slice(), pending: [], forgotten: new Set() };
    this.#files.set(path, node);
    this.#durableFiles.set(path, node);
  }

  /** Takes `amount` from the budget and returns what of it was left. */
  spend(amount: number, path: string, operation: string): number {
    if (this.#crashed) throw new DiskError('EIO', path, operation);
    const granted = Math.min(amount, this.budget);
    this.budget -= granted;
    if (granted < amount) this.#crashed = true;
    return granted;
  }

  act(path: string, operation: string): void {
    if (this.spend(1, path, operation) < 1) throw new DiskError('EIO', path, operation);
  }

  open(path: string, options: { create?: boolean; readOnly?: boolean } = {}): DiskFile {
    if (this.#crashed) throw new DiskError('EIO', path, 'open');
    let node = this.#files.get(path);
    if (node === undefined) {
      if (options.create !== true) throw new DiskError('ENOENT', path, 'open');
      this.act(path, 'open');
      if (!this.#directories.has(parentOf(path))) throw new DiskError('ENOENT', path, 'open');
      node = { visible: new Uint8Array(0), durable: new Uint8Array(0), pending: [], forgotten: new Set() };
      this.#files.set(path, node);
      this.#changed(parentOf(path), [[path, node]]);
    }
    return new CrashFile(this, path, node);
  }

  #changed(directory: string, change: EntryChange): void {
    const changes = this.#pendingEntries.get(directory) ?? [];
    changes.push(change);
    this.#pendingEntries.set(directory, changes);
  }

  makeDirectory(path: string): void {
    for (let at = path.indexOf('/', 1); at > 0; at = path.indexOf('/', at + 1))
      this.#directories.add(path.slice(0, at));
    this.#directories.add(path);
  }

  list(path: string): string[] {
    if (!this.#directories.has(path)) throw new DiskError('ENOENT', path, 'list');
    const all = [...this.#files.keys(), ...this.#directories];
    return all
      .filter((entry) => entry !== '/' && parentOf(entry) === path)
      .map((entry) => entry.slice(path.length + 1))
      .sort();
  }

  stat(path: string): { kind: 'file' | 'directory'; size: number; modifiedMs: number } | null {
    const node = this.#files.get(path);
    if (node !== undefined) return { kind: 'file', size: node.visible.length, modifiedMs: 0 };
    return this.#directories.has(path) ? { kind: 'directory', size: 0, modifiedMs: 0 } : null;
  }

  rename(from: string, to: string): void {
    this.act(from, 'rename');
    const node = this.#files.get(from);
    if (node === undefined) throw new DiskError('ENOENT', from, 'rename');
    this.#files.delete(from);
    this.#files.set(to, node);
    this.#changed(parentOf(from), [
      [from, null],
      [to, node],
    ]);
  }

  unlink(path: string): void {
    this.act(path, 'unlink');
    if (!this.#files.delete(path)) throw new DiskError('ENOENT', path, 'unlink');
    this.#changed(parentOf(path), [[path, null]]);
  }

  removeTree(path: string): void {
    for (const file of [...this.#files.keys()]) if (file.startsWith(`${path}/`)) this.unlink(file);
    this.#directories.delete(path);
  }

  async syncDirectory(path: string): Promise<void> {
    this.act(path, 'syncDirectory');
    const present = [...this.#files].filter(([file]) => parentOf(file) === path);
    const done = this.#pendingEntries.get(path)?.length ?? 0;
    await null;
    this.act(path, 'syncDirectory');
    for (const file of [...this.#durableFiles.keys()]) if (parentOf(file) === path) this.#durableFiles.delete(file);
    for (const [file, node] of present) this.#durableFiles.set(file, node);
    this.#pendingEntries.get(path)?.splice(0, done);
  }
}

class CrashFile implements DiskFile {
  readonly path: string;
  readonly #disk: CrashDisk;
  readonly #node: FileNode;
  #open = true;

  constructor(disk: CrashDisk, path: string, node: FileNode) {
    this.#disk = disk;
    this.path = path;
    this.#node = node;
  }

  get size(): number {
    return this.#node.visible.length;
  }

  write(position: number, chunks: readonly Uint8Array[]): void {
    this.#check('write');
    for (const chunk of chunks) {
      const granted = this.#disk.spend(chunk.length, this.path, 'write');
      this.#apply({ kind: 'write', position, bytes: chunk.slice(0, granted) });
      if (granted < chunk.length) throw new DiskError('EIO', this.path, 'write');
      position += chunk.length;
    }
  }

  read(position: number, target: Uint8Array): number {
    this.#check('read');
    const count = Math.max(0, Math.min(target.length, this.#node.visible.length - position));
    target.set(this.#node.visible.subarray(position, position + count));
    return count;
  }

  async readCold(position: number, target: Uint8Array): Promise<number> {
    return this.read(position, target);
  }

  truncate(size: number): void {
    this.#check('truncate');
    if (size === this.#node.visible.length) return;
    this.#disk.act(this.path, 'truncate');
    this.#apply({ kind: 'truncate', size });
  }

  async sync(): Promise<void> {
    this.#check('sync');
    this.#disk.act(this.path, 'sync');
    const node = this.#node;
    if (this.#disk.failNextSync && node.pending.length > 0) {
      this.#disk.failNextSync = false;
      forget(node);
      throw new DiskError('EIO', this.path, 'sync');
    }
    const bytes = node.visible.slice();
    const done = node.pending.length;
    await null;
    this.#disk.act(this.path, 'sync');
    for (const at of node.forgotten) if (at < bytes.length) bytes[at] = node.durable[at] ?? 0;
    node.durable = bytes;
    node.pending.splice(0, done);
  }

  close(): void {
    this.#open = false;
  }

  #check(operation: string): void {
    if (!this.#open) throw new DiskError('EBADF', this.path, operation);
  }

  #apply(operation: FileOperation): void {
    const node = this.#node;
    node.visible = applied(node.visible, operation);
    node.pending.push(operation);
    if (node.forgotten.size === 0) return;
    const [from, to] =
      operation.kind === 'truncate'
        ? [operation.size, Number.POSITIVE_INFINITY]
        : [operation.position, operation.position + operation.bytes.length];
    for (const at of [...node.forgotten]) if (at >= from && at < to) node.forgotten.delete(at);
  }
}

/** What a failed sync should have written is clean from now on. Cuts are the journal's, and stand. */
function forget(node: FileNode): void {
  for (const operation of node.pending) {
    if (operation.kind === 'truncate') {
      node.durable = applied(node.durable, { kind: 'truncate', size: Math.min(node.durable.length, operation.size) });
      continue;
    }
    for (let at = operation.position; at < operation.position + operation.bytes.length; at++) {
      if (at < node.visible.length) node.forgotten.add(at);
    }
  }
  node.pending = [];
}

function applied(bytes: Uint8Array, operation: FileOperation): Uint8Array {
  if (operation.kind === 'truncate') {
    const cut = new Uint8Array(operation.size);
    cut.set(bytes.subarray(0, operation.size));
    return cut;
  }
  const grown = new Uint8Array(Math.max(bytes.length, operation.position + operation.bytes.length));
  grown.set(bytes);
  grown.set(operation.bytes, operation.position);
  return grown;
}

/** The synced bytes and some of what followed; of each write all, a part, or its length filled with something else. */
function survivingBytes(node: FileNode, random: Random): Uint8Array {
  let bytes = node.durable;
  const kept = random.below(node.pending.length + 1);
  for (const [index, operation] of node.pending.entries()) {
    if (index > kept) break;
    bytes = applied(bytes, index < kept ? operation : damaged(operation, bytes.length, random));
  }
  return bytes;
}

/** Garbage and zeros stand only where the file had nothing: a sector written over holds the old bytes or the new. */
function damaged(operation: FileOperation, size: number, random: Random): FileOperation {
  if (operation.kind === 'truncate') return operation;
  const { position, bytes } = operation;
  const whole = random.below(bytes.length + 1);
  const rest = random.below(3);
  if (rest === 0) return { kind: 'write', position, bytes: bytes.subarray(0, whole) };
  if (position + whole < size) return { kind: 'write', position, bytes: bytes.subarray(0, whole) };
  const mixed = new Uint8Array(bytes.length);
  mixed.set(bytes.subarray(0, whole));
  if (rest === 1) for (let at = whole; at < mixed.length; at++) mixed[at] = random.below(256);
  return { kind: 'write', position, bytes: mixed };
}
