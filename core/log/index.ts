export { defaultLogConfig, type LogConfig } from './config.ts';
export { LogDirectory, type LogDirectoryOptions } from './directory.ts';
export { Log, type LogOptions } from './log.ts';
export * from './outcomes.ts';
