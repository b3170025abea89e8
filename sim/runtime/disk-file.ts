import { DiskError, type DiskErrorCode, type DiskFile } from '../../core/runtime.ts';
import type { SimDisk } from '../disk/disk.ts';
import { SECTOR_BYTES, type SimFile } from '../disk/file.ts';
import type { Incarnation } from '../incarnation.ts';

/** A file that one process of a node has open. */
export class ProcessFile implements DiskFile {
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
