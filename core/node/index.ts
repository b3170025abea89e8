export { nodeCodecs } from './codecs.ts';
export type { LogLevel } from './logger.ts';
export { createNodeRuntime, type NodeRuntime, type NodeRuntimeOptions } from './runtime.ts';
