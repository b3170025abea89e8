/**
 * Everything the core may ask of the world. Two makers exist: `core/node` (a real machine) and `sim/runtime` (virtual
 * time, disk and network from one seed). Core code never reaches past this file, which is what makes a run replayable.
 */
export interface Runtime {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly disk: Disk;
  readonly network: Network;
  readonly codecs: Codecs;
  readonly log: Logger;
}

export interface Clock {
  /** Wall-clock milliseconds since the epoch, an integer. May jump in either direction: never measure with it. */
  wallMs(): number;
  /** Nanoseconds on a clock that never goes back, an integer below 2^53; its zero is arbitrary. */
  monotonicNs(): number;
}

export interface Timer {
  /** Idempotent; after it returns the callback does not run. */
  cancel(): void;
}

export interface Timers {
  /** Runs `callback` once, no earlier than `delayMs` (≥ 0, fractions allowed) from now, never synchronously. */
  after(delayMs: number, callback: () => void): Timer;
  /** Resolves after `delayMs`. For waits that nothing cancels; use `after` for all others. */
  sleep(delayMs: number): Promise<void>;
  /**
   * Runs `callback` once when the current batch of input has been handled, before the loop waits again. Work of one
   * turn (appended bytes, responses, purgatory checks) is coalesced with it.
   */
  endOfTurn(callback: () => void): void;
}

export interface Random {
  /** Uniform integer in [0, 2^32). */
  uint32(): number;
  /** Uniform in [0, 1) with 53 bits. */
  float(): number;
  /** Uniform integer in [0, bound), for 1 ≤ bound ≤ 2^53. */
  below(bound: number): number;
  /** 16 random bytes with the version bits of UUID v4. */
  uuidBytes(): Uint8Array;
  /** A stream of its own, a function of (this stream's seed, purpose) alone: draws from it disturb no other stream. */
  fork(purpose: string): Random;
}

export type DiskErrorCode =
  | 'ENOENT'
  | 'EEXIST'
  | 'ENOTDIR'
  | 'EISDIR'
  | 'ENOTEMPTY'
  | 'EACCES'
  | 'EMFILE'
  | 'ENOSPC'
  | 'EIO'
  | 'EROFS'
  | 'EBADF';

/** What every operation of Disk and DiskFile throws (or rejects with) when the world refuses it. */
export class DiskError extends Error {
  readonly code: DiskErrorCode;
  readonly path: string;
  constructor(code: DiskErrorCode, path: string, operation: string) {
    super(`${operation} ${path}: ${code}`);
    this.name = 'DiskError';
    this.code = code;
    this.path = path;
  }
}

/**
 * A POSIX-like file system. Paths use `/`. Operations on the page cache are synchronous (5 µs for 16 KiB on a real
 * machine, against 40 µs through the thread pool); only what waits for the device is asynchronous. Nothing is durable
 * before a sync: contents by DiskFile.sync, directory entries (create, rename, unlink) by syncDirectory of the parent.
 */
export interface Disk {
  /** Opens for reading and writing. `create` makes a missing file; without it a missing file is ENOENT. */
  open(path: string, options?: { create?: boolean; readOnly?: boolean }): DiskFile;
  /** Creates the directory and its missing parents; an existing directory is no error. */
  makeDirectory(path: string): void;
  /** Names (not paths) of the entries, sorted by code unit. ENOENT when there is no such directory. */
  list(path: string): string[];
  /** null when nothing is there. `modifiedMs` is wall-clock time. */
  stat(path: string): { kind: 'file' | 'directory'; size: number; modifiedMs: number } | null;
  /** Atomic replacement in the visible view. */
  rename(from: string, to: string): void;
  unlink(path: string): void;
  /** Removes a directory with all that is in it; a missing one is no error. */
  removeTree(path: string): void;
  /** Makes the directory's entries (not the contents of its files) durable. */
  syncDirectory(path: string): Promise<void>;
}

export interface DiskFile {
  readonly path: string;
  /** Visible size in bytes, kept by this object: no system call. */
  readonly size: number;
  /**
   * Writes all of `chunks`, one after another, at `position`. A short write is finished by the implementation or ends
   * in an error, and then any prefix may have been written.
   */
  write(position: number, chunks: readonly Uint8Array[]): void;
  /** Reads up to `target.length` bytes at `position` into `target`; returns the count, 0 at the end of the file. */
  read(position: number, target: Uint8Array): number;
  /** As `read`, but off the calling thread where that exists: for data that is probably not in the page cache. */
  readCold(position: number, target: Uint8Array): Promise<number>;
  truncate(size: number): void;
  /** fdatasync: after it resolves the bytes written before the call survive a power loss. Never retry a failed one. */
  sync(): Promise<void>;
  /** Idempotent. */
  close(): void;
}

export interface Connection {
  /** For messages to humans only: "10.0.0.1:41234". */
  readonly remoteAddress: string;
  /** Bytes accepted by `write` that the peer's side has not taken yet: the measure of a slow reader. */
  readonly bufferedBytes: number;
  /** True: what `bufferedBytes` does not count any more was copied and is the writer's again. Absent: the peer may hold it. */
  readonly copiesWrites?: boolean;
  /** True: what the handler's `data` gets is the connection's again when it returns. Absent: the handler may keep it. */
  readonly lendsReads?: boolean;
  /**
   * Queues the chunks in order; they must not be modified afterwards. Never throws: on a closed connection it does
   * nothing, and `onClose` tells.
   */
  write(chunks: readonly Uint8Array[]): void;
  /** Stops and resumes delivery of data: back pressure by TCP's window. */
  pause(): void;
  resume(): void;
  /** Flushes what is queued, then closes. Idempotent. */
  close(): void;
  /** Drops what is queued and resets. Idempotent. */
  destroy(): void;
  /** Set at once by whoever receives the connection, before the current turn ends. */
  handler: ConnectionHandler;
}

export interface ConnectionHandler {
  /** A piece of the byte stream, of any size ≥ 1; the receiver may keep it unless the connection `lendsReads`. */
  data(bytes: Uint8Array): void;
  /** Once, last of all. `null` after an orderly end by either side, otherwise what went wrong. */
  closed(reason: string | null): void;
  /** bufferedBytes fell to zero after a write left some. */
  drained?(): void;
}

export interface Listener {
  readonly host: string;
  readonly port: number;
  /** Stops accepting; connections already made live on. */
  close(): Promise<void>;
}

export interface Network {
  /** Port 0 takes a free one. Rejects with NetworkError 'EADDRINUSE', … */
  listen(host: string, port: number, accept: (connection: Connection) => void): Promise<Listener>;
  /**
   * Rejects with NetworkError: 'ECONNREFUSED', 'ETIMEDOUT', 'ENOTFOUND', … within `timeoutMs`. With `tls` the handshake
   * is part of it, and its failures are TlsError. So is a handshake that the peer ends later: `closed` then gets a
   * reason that begins with TLS_REFUSED.
   */
  connect(host: string, port: number, timeoutMs: number, tls?: TlsOptions): Promise<Connection>;
}

/** TLS for one connection, as plain data; certificates and keys are PEM text. */
export interface TlsOptions {
  /** Authorities to trust instead of those that the platform trusts. */
  readonly authorities?: string;
  /** Who this end is, where the peer asks: the certificate and those that lead from it to an authority. */
  readonly certificate?: string;
  readonly key?: string;
  readonly keyPassword?: string;
  /** The name that the peer's certificate must carry; default the host that is dialled. */
  readonly serverName?: string;
  /** False takes any certificate of a trusted authority, whatever name it carries. */
  readonly verifyHostName: boolean;
  /** Versions to offer; default both. */
  readonly versions?: readonly TlsVersion[];
}

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

export class NetworkError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'NetworkError';
    this.code = code;
  }
}

/** What a handshake failed at; none of it is cured by dialling again. */
export type TlsFault =
  /** Nobody trusted has signed the peer's certificate. */
  | 'authority'
  | 'hostName'
  /** The peer's certificate is not valid at this time. */
  | 'expired'
  /** The peer wants a certificate of ours, or another one. */
  | 'clientCertificate'
  /** The peer does not speak TLS, or nothing that both ends know. */
  | 'protocol'
  /** Our own certificate or key cannot be used. */
  | 'credentials'
  /** This network has no TLS. */
  | 'unsupported';

export class TlsError extends NetworkError {
  readonly fault: TlsFault;
  constructor(fault: TlsFault, message: string) {
    super('ETLS', message);
    this.name = 'TlsError';
    this.fault = fault;
  }
}

/** The peer took the connection and then refused our certificate, as TLS 1.3 does. */
export const TLS_REFUSED = 'TLS refused: ';

/** Kafka's compression codec ids, as in the low three bits of a batch's attributes. */
export type CompressionType = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

/** Pure functions that the platform does better than plain TypeScript could. Synchronous, so that order is certain. */
export interface Codecs {
  /** CRC-32C (Castagnoli), as an unsigned integer; `initial` continues an earlier one. */
  crc32c(bytes: Uint8Array, initial?: number): number;
  /** Whole Kafka framing of the codec: gzip member, xerial-framed snappy, lz4 frame, zstd frame. `level` by codec. */
  compress(type: CompressionType, bytes: Uint8Array, level?: number): Uint8Array;
  /** Accepts every framing that Kafka's clients write (snappy plain or xerial). Throws CodecError on bad input and
   * when the output would exceed `maxBytes`, before allocating it. */
  decompress(type: CompressionType, bytes: Uint8Array, maxBytes: number): Uint8Array;
}

export class CodecError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CodecError';
  }
}

/** Structured, leveled lines for humans; never on the hot path. Fields are plain data. */
export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}
