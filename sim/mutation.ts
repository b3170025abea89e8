import type { BrokerOptions } from '../core/broker/index.ts';
import type { ClientFaults } from './mutants/broken-driver.ts';

/** Deliberately broken variants of the brokers and clients under test, as options of the rooms that they break. */
export interface Mutation extends Pick<BrokerOptions, 'faults' | 'logFaults' | 'quorumFaults' | 'controllerFaults'> {
  readonly clientFaults?: ClientFaults;
}
