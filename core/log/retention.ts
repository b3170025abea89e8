import type { LogConfig } from './config.ts';
import type { Segments } from './segments.ts';

/** What retention may not pass, and how late it is. */
export interface RetentionLimits {
  readonly highWatermark: number;
  readonly logStartOffset: number;
  readonly nowMs: number;
}

/**
 * How many of the oldest segments may go (UnifiedLog.deleteOldSegments): those wholly below the log start always; by
 * time and size only where cleanup.policy deletes. Nothing at or above the high watermark goes, nor an empty active one.
 */
export function expiredSegments(segments: Segments, config: LogConfig, limits: RetentionLimits): number {
  const deletes = config.cleanupPolicy !== 'compact';
  const list = segments.list;
  let excessBytes = deletes && config.retentionBytes >= 0 ? segments.sizeInBytes - config.retentionBytes : -1;
  let count = 0;
  for (const [index, segment] of list.entries()) {
    const active = index === list.length - 1;
    if (segments.endOf(index) > limits.highWatermark || (active && segment.size === 0)) break;
    const belowStart = !active && segments.endOf(index) <= limits.logStartOffset;
    const tooMuch = excessBytes >= segment.size;
    const tooOld =
      deletes && config.retentionMs >= 0 && limits.nowMs - segment.lastModifiedMs(limits.nowMs) > config.retentionMs;
    if (!belowStart && !tooMuch && !tooOld) break;
    excessBytes -= segment.size;
    count++;
  }
  return count;
}
