export type { AppendEntry } from './append.ts';
export { defaultLogConfig, type LogConfig } from './config.ts';
export { LogDirectory, type LogDirectoryOptions } from './directory.ts';
export { type ActiveProducer, Log } from './log.ts';
export type { LogOptions } from './options.ts';
export * from './outcomes.ts';
