import { setFlagsFromString } from 'node:v8';

/**
 * For a process that does nothing but `serve`, before it loads anything: what has grown stays so. Bytes that pass through
 * a broker are allocated outside of the heap and die young. A young generation that stays small lets the cheap collections
 * clear them; a large one is collected so seldom that the bytes make the expensive ones start: half of the CPU under
 * Produce.
 */
export function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
