/** Which files a disk fault concerns: those whose path has all of the given parts; none given is every file. */
export interface PathMatch {
  prefix?: string;
  suffix?: string;
}

export function pathMatches(match: PathMatch, path: string): boolean {
  return path.startsWith(match.prefix ?? '') && path.endsWith(match.suffix ?? '');
}

/** Operations of which the next can be made to fail. `short-write` is a write that keeps a drawn prefix. */
export type FailingOperation =
  | 'open'
  | 'read'
  | 'write'
  | 'short-write'
  | 'sync'
  | 'truncate'
  | 'rename'
  | 'unlink'
  | 'directory-sync';

/**
 * What is wrong with a disk at the moment. Plain fields, set and cleared by whoever injects; the disk looks at them at
 * every operation and counts in `hits` what took effect.
 */
export interface DiskFaults {
  /** Bytes of file content that fit; writes beyond fail with ENOSPC and keep the prefix that fitted. */
  capacityBytes: number;
  /**
   * The next such operation on a matching path fails: open with EMFILE, a read with EIO on that sector until it is
   * written over or repaired, the others once with EIO.
   */
  readonly failNext: Map<FailingOperation, PathMatch>;
  /** Syncs succeed and make nothing durable. */
  syncLies: boolean;
  /** Any call blocks the whole process, as a kernel does that waits for its device. */
  callsBlock: boolean;
  /** Multiplies the device's times. */
  slowFactor: number;
  readonly hits: Record<'noSpace' | 'failure' | 'syncFailure' | 'syncLie' | 'stall', number>;
  /** When an operation that was to fail last did: it may wait long for one that comes by. */
  readonly lastNs: Record<'failure' | 'syncFailure', number>;
}

export function noDiskFaults(): DiskFaults {
  return {
    capacityBytes: Infinity,
    failNext: new Map(),
    syncLies: false,
    callsBlock: false,
    slowFactor: 1,
    hits: { noSpace: 0, failure: 0, syncFailure: 0, syncLie: 0, stall: 0 },
    lastNs: { failure: 0, syncFailure: 0 },
  };
}
