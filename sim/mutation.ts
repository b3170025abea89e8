import type { BrokerOptions } from '../core/broker/index.ts';

/** A deliberately broken variant of the broker under test, as options of the rooms that it breaks. */
export type Mutation = Pick<BrokerOptions, 'faults' | 'logFaults' | 'quorumFaults' | 'controllerFaults'>;
