/** Which files a disk fault concerns: those whose path has all of the given parts; none given is every file. */
export interface PathMatch {
  prefix?: string;
  suffix?: string;
}

export function pathMatches(match: PathMatch, path: string): boolean {
  return path.startsWith(match.prefix ?? '') && path.endsWith(match.suffix ?? '');
}

/**
 * What is wrong with a disk at the moment. Plain fields, set and cleared by whoever injects; the disk looks at them at
 * every operation and counts in `hits` what took effect.
 */
export interface DiskFaults {
  /** Bytes of file content that fit; writes beyond fail with ENOSPC and keep the prefix that fitted. */
  capacityBytes: number;
  /** Writes of these files fail with EIO after a prefix of drawn length. */
  writeErrors: PathMatch | null;
  /**
   * Syncs of these files fail, at most `times`: EIO once per open handle, the pages are clean from then on, and the
   * visible bytes stay or fall back to the durable ones.
   */
  syncFailures: { match: PathMatch; times: number; visible: 'keep' | 'revert' } | null;
  /** Syncs succeed and make nothing durable. */
  syncLies: boolean;
  /** Nothing that needs the device completes before this time. */
  stalledUntilNs: number;
  /** Multiplies the device's times. */
  slowFactor: number;
  readonly hits: Record<'noSpace' | 'writeError' | 'syncFailure' | 'syncLie' | 'stall', number>;
}

export function noDiskFaults(): DiskFaults {
  return {
    capacityBytes: Infinity,
    writeErrors: null,
    syncFailures: null,
    syncLies: false,
    stalledUntilNs: 0,
    slowFactor: 1,
    hits: { noSpace: 0, writeError: 0, syncFailure: 0, syncLie: 0, stall: 0 },
  };
}
