import fs from 'node:fs';
import { type Disk, DiskError, type DiskErrorCode, type DiskFile } from '../runtime.ts';

/** Errors of the system that have no code of their own in DiskError; any other unknown one counts as EIO. */
const SYNONYMS: ReadonlyMap<string, DiskErrorCode> = new Map([
  ['ENOENT', 'ENOENT'],
  ['EEXIST', 'EEXIST'],
  ['ENOTDIR', 'ENOTDIR'],
  ['EISDIR', 'EISDIR'],
  ['ERR_FS_EISDIR', 'EISDIR'],
  ['ENOTEMPTY', 'ENOTEMPTY'],
  ['EACCES', 'EACCES'],
  ['EPERM', 'EACCES'],
  ['EMFILE', 'EMFILE'],
  ['ENFILE', 'EMFILE'],
  ['ENOSPC', 'ENOSPC'],
  ['EDQUOT', 'ENOSPC'],
  ['EFBIG', 'ENOSPC'],
  ['EIO', 'EIO'],
  ['EROFS', 'EROFS'],
  ['EBADF', 'EBADF'],
]);

/** The machine's file system. What touches only the page cache is synchronous; syncs and cold reads use the pool. */
export const nodeDisk: Disk = {
  open(path, options = {}) {
    const access = options.readOnly === true ? fs.constants.O_RDONLY : fs.constants.O_RDWR;
    const flags = access | (options.create === true ? fs.constants.O_CREAT : 0);
    return guard(path, 'open', () => {
      const fd = fs.openSync(path, flags, 0o644);
      const stat = fs.fstatSync(fd);
      if (stat.isDirectory()) {
        fs.closeSync(fd);
        throw new DiskError('EISDIR', path, 'open');
      }
      return new NodeFile(path, fd, stat.size, options.readOnly === true);
    });
  },

  makeDirectory(path) {
    guard(path, 'makeDirectory', () => fs.mkdirSync(path, { recursive: true }));
  },

  list(path) {
    return guard(path, 'list', () => fs.readdirSync(path).sort());
  },

  stat(path) {
    const stat = guard(path, 'stat', () => {
      try {
        return fs.statSync(path, { throwIfNoEntry: false });
      } catch (error) {
        // A file where a directory should be on the way: nothing is there either.
        if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
        throw error;
      }
    });
    if (stat === undefined) return null;
    const directory = stat.isDirectory();
    return {
      kind: directory ? 'directory' : 'file',
      size: directory ? 0 : stat.size,
      modifiedMs: Math.floor(stat.mtimeMs),
    };
  },

  rename(from, to) {
    guard(from, 'rename', () => fs.renameSync(from, to));
  },

  unlink(path) {
    guard(path, 'unlink', () => {
      try {
        fs.unlinkSync(path);
      } catch (error) {
        // Linux says EISDIR for a directory, other systems EPERM.
        if (fs.statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new DiskError('EISDIR', path, 'unlink');
        throw error;
      }
    });
  },

  removeTree(path) {
    try {
      guard(path, 'removeTree', () => fs.rmSync(path, { recursive: true, force: true }));
    } catch (error) {
      // A file stands where a parent should: the tree is as absent as can be.
      if (!(error instanceof DiskError && error.code === 'ENOTDIR')) throw error;
    }
  },

  async syncDirectory(path) {
    // Windows has no handle of a directory to flush; its file system journals entries itself.
    if (process.platform === 'win32') return;
    const fd = guard(path, 'syncDirectory', () => fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY));
    try {
      await new Promise<void>((resolve, reject) => {
        fs.fsync(fd, (error) => (error === null ? resolve() : reject(diskError(error, path, 'syncDirectory'))));
      });
    } finally {
      fs.closeSync(fd);
    }
  },
};

class NodeFile implements DiskFile {
  readonly path: string;
  readonly #fd: number;
  readonly #readOnly: boolean;
  #size: number;
  #closed = false;
  /** Operations in the thread pool: the descriptor stays open for them, lest its number be reused under them. */
  #inFlight = 0;

  constructor(path: string, fd: number, size: number, readOnly: boolean) {
    this.path = path;
    this.#fd = fd;
    this.#size = size;
    this.#readOnly = readOnly;
  }

  get size(): number {
    return this.#size;
  }

  write(position: number, chunks: readonly Uint8Array[]): void {
    this.#check('write', true);
    let length = 0;
    for (const chunk of chunks) length += chunk.length;
    if (length === 0) return;
    let written = 0;
    try {
      while (written < length) {
        const rest = written === 0 ? chunks : chunksAfter(chunks, written);
        const count =
          rest.length === 1
            ? fs.writeSync(this.#fd, rest[0]!, 0, rest[0]!.length, position + written)
            : fs.writevSync(this.#fd, rest, position + written);
        if (count === 0) throw new DiskError('EIO', this.path, 'write');
        written += count;
      }
    } catch (error) {
      throw diskError(error, this.path, 'write');
    } finally {
      if (written > 0 && position + written > this.#size) this.#size = position + written;
    }
  }

  read(position: number, target: Uint8Array): number {
    this.#check('read', false);
    let count = 0;
    try {
      while (count < target.length) {
        const got = fs.readSync(this.#fd, target, count, target.length - count, position + count);
        if (got === 0) break;
        count += got;
      }
    } catch (error) {
      throw diskError(error, this.path, 'read');
    }
    return count;
  }

  async readCold(position: number, target: Uint8Array): Promise<number> {
    this.#check('read', false);
    let count = 0;
    this.#inFlight++;
    try {
      while (count < target.length) {
        const got = await new Promise<number>((resolve, reject) => {
          fs.read(this.#fd, target, count, target.length - count, position + count, (error, bytesRead) =>
            error === null ? resolve(bytesRead) : reject(diskError(error, this.path, 'read')),
          );
        });
        if (got === 0) break;
        count += got;
      }
    } finally {
      this.#landed();
    }
    return count;
  }

  truncate(size: number): void {
    this.#check('truncate', true);
    guard(this.path, 'truncate', () => fs.ftruncateSync(this.#fd, size));
    this.#size = size;
  }

  async sync(): Promise<void> {
    this.#check('sync', false);
    this.#inFlight++;
    try {
      await new Promise<void>((resolve, reject) => {
        fs.fdatasync(this.#fd, (error) => (error === null ? resolve() : reject(diskError(error, this.path, 'sync'))));
      });
    } finally {
      this.#landed();
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#inFlight === 0) fs.closeSync(this.#fd);
  }

  #landed(): void {
    this.#inFlight--;
    if (this.#closed && this.#inFlight === 0) fs.closeSync(this.#fd);
  }

  #check(operation: string, writes: boolean): void {
    if (this.#closed || (writes && this.#readOnly)) throw new DiskError('EBADF', this.path, operation);
  }
}

/** What remains of `chunks` after their first `written` bytes. */
function chunksAfter(chunks: readonly Uint8Array[], written: number): Uint8Array[] {
  let skip = written;
  let index = 0;
  while (skip >= chunks[index]!.length) skip -= chunks[index++]!.length;
  return [chunks[index]!.subarray(skip), ...chunks.slice(index + 1)];
}

function guard<T>(path: string, operation: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw diskError(error, path, operation);
  }
}

function diskError(error: unknown, path: string, operation: string): unknown {
  if (error instanceof DiskError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  // Without a code it is no answer of the system but a mistake of ours.
  if (code === undefined || code.startsWith('ERR_')) {
    if (code !== 'ERR_FS_EISDIR') return error;
  }
  const refused = new DiskError(SYNONYMS.get(code) ?? 'EIO', path, operation);
  refused.cause = error;
  return refused;
}
