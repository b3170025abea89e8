export { Assembly, type AssemblyOptions } from './assembly.ts';
export { Broker } from './broker.ts';
export { readClusterId } from './cluster-id.ts';
export type { BrokerFaults } from './faults.ts';
export { formatNode, type InitialController } from './format.ts';
export type { AnyHandler, DeferredContext, DeferredHandler, Handler, RequestContext } from './handler.ts';
export type { BrokerServices, MetadataView } from './services.ts';
export type { ListenAddress } from './settings.ts';
export type { BrokerOptions } from './start.ts';
