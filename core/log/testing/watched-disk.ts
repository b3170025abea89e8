import { type Disk, DiskError, type DiskErrorCode, type DiskFile } from '../../runtime.ts';

export type DiskOperation = 'open' | 'write' | 'read' | 'truncate' | 'sync' | 'rename' | 'unlink' | 'syncDirectory';

/** A disk that tells what is done to it, refuses what it is told to refuse, and can keep syncs waiting. */
export class WatchedDisk implements Disk {
  /** `<operation> <path>` of all that changes or syncs, in order. */
  readonly done: string[] = [];
  /** The error that an operation shall meet; null lets it through. Half of a refused write is written. */
  refuse: (operation: DiskOperation, path: string) => DiskErrorCode | null = () => null;
  readonly #inner: Disk;
  #held: (() => void)[] | null = null;

  constructor(inner: Disk) {
    this.#inner = inner;
  }

  /** From now on every sync waits for `release`. */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const go of held) go();
  }

  /** Throws what `refuse` answers. */
  meet(operation: DiskOperation, path: string): void {
    const code = this.refuse(operation, path);
    if (code !== null) throw new DiskError(code, path, operation);
    if (operation !== 'read' && operation !== 'open') this.done.push(`${operation} ${path}`);
  }

  async meetSync(operation: 'sync' | 'syncDirectory', path: string, act: () => Promise<void>): Promise<void> {
    const held = this.#held;
    if (held !== null) await new Promise<void>((resolve) => held.push(resolve));
    this.meet(operation, path);
    await act();
  }

  open(path: string, options?: { create?: boolean; readOnly?: boolean }): DiskFile {
    this.meet('open', path);
    return new WatchedFile(this, this.#inner.open(path, options));
  }
  makeDirectory(path: string): void {
    this.#inner.makeDirectory(path);
  }
  list(path: string): string[] {
    return this.#inner.list(path);
  }
  stat(path: string): ReturnType<Disk['stat']> {
    return this.#inner.stat(path);
  }
  rename(from: string, to: string): void {
    this.meet('rename', from);
    this.#inner.rename(from, to);
  }
  unlink(path: string): void {
    this.meet('unlink', path);
    this.#inner.unlink(path);
  }
  removeTree(path: string): void {
    this.#inner.removeTree(path);
  }
  syncDirectory(path: string): Promise<void> {
    return this.meetSync('syncDirectory', path, () => this.#inner.syncDirectory(path));
  }
}

class WatchedFile implements DiskFile {
  readonly #disk: WatchedDisk;
  readonly #inner: DiskFile;

  constructor(disk: WatchedDisk, inner: DiskFile) {
    this.#disk = disk;
    this.#inner = inner;
  }

  get path(): string {
    return this.#inner.path;
  }
  get size(): number {
    return this.#inner.size;
  }
  write(position: number, chunks: readonly Uint8Array[]): void {
    try {
      this.#disk.meet('write', this.path);
    } catch (error) {
      const first = chunks[0] ?? new Uint8Array(0);
      this.#inner.write(position, [first.subarray(0, first.length >> 1)]);
      throw error;
    }
    this.#inner.write(position, chunks);
  }
  read(position: number, target: Uint8Array): number {
    this.#disk.meet('read', this.path);
    return this.#inner.read(position, target);
  }
  readCold(position: number, target: Uint8Array): Promise<number> {
    return this.#inner.readCold(position, target);
  }
  truncate(size: number): void {
    this.#disk.meet('truncate', this.path);
    this.#inner.truncate(size);
  }
  sync(): Promise<void> {
    return this.#disk.meetSync('sync', this.path, () => this.#inner.sync());
  }
  close(): void {
    this.#inner.close();
  }
}
