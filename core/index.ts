/**
 * The pure core: broker and clients on any Runtime. `faultline/node` has the Runtime of a real machine, `faultline/sim`
 * the simulated one.
 */
export { Broker, type BrokerOptions } from './broker/index.ts';
export * from './client/index.ts';
export { createMemoryDisk, type MemoryDiskOptions } from './memory-disk.ts';
export { createRandom } from './random.ts';
export type { RecordHeader } from './records/index.ts';
export * from './runtime.ts';
