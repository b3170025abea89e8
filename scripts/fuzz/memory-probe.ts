/*
 * Loaded into the served broker (`--expose-gc --import`): answers the fuzzer's question for its memory. What a forced
 * collection leaves is held by someone; what was there before it says only when V8 last cared to collect.
 */
export interface MemoryAnswer {
  readonly heapBeforeBytes: number;
  readonly heapBytes: number;
  readonly heapCommittedBytes: number;
  readonly externalBytes: number;
  readonly residentBytes: number;
}

process.on('message', () => {
  const heapBeforeBytes = process.memoryUsage().heapUsed;
  // Twice: what finalizers let go in the first is collected in the second.
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, heapTotal, external, rss } = process.memoryUsage();
  const answer: MemoryAnswer = {
    heapBeforeBytes,
    heapBytes: heapUsed,
    heapCommittedBytes: heapTotal,
    externalBytes: external,
    residentBytes: rss,
  };
  process.send?.(answer);
});
process.channel?.unref();
