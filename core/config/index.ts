export { BrokerConfig, ConfigError, ConfigSource, type SourcedValue } from './broker-config.ts';
export * from './definitions.ts';
export { type ListenerEndpoint, reachableHost, type StaticVoter, securityProtocols } from './endpoints.ts';
export { TopicConfig, topicConfigObjection } from './topic-config.ts';
export { type ConfigValue, type ParsedValue, parseValue, splitList } from './value.ts';
