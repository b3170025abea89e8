export { nodeCodecs } from './codecs.ts';
export type { LogLevel } from './logger.ts';
export { createNodeRuntime, type NodeRuntime, type NodeRuntimeOptions } from './runtime.ts';
export { readSecurityFiles } from './security-files.ts';
export { type RunningBroker, type ServeOptions, serve } from './serve.ts';
export { type Cluster, type ClusterOptions, startCluster } from './start-cluster.ts';
