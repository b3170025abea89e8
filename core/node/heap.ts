import { setFlagsFromString } from 'node:v8';

/**
 * For a process that does nothing but `serve`, before it loads anything: what has grown stays so. Bytes that pass through
 * a broker are allocated outside of the heap and die young. A young generation that stays small lets the cheap collections
 * clear them. Their sum counts against the limit of the old generation too, which follows from the little that lives
 * there: with room above it, the expensive collections are hardly started for their sake. Half of the CPU under Produce.
 * And a young generation this small is cleared before a second thread has woken: waiting for one is most of the pause where
 * all cores are busy.
 */
export function tuneHeapForServing(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=400');
  setFlagsFromString('--no-parallel-scavenge');
}
