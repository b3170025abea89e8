import type { BrokerConfig } from '../config/index.ts';
import type { ApiSchema, Draft, Message, MetadataRecord } from '../protocol/index.ts';
import type { Quorum } from '../quorum/quorum.ts';
import type { Random } from '../runtime.ts';
import type { BrokerSessions } from './broker-heartbeats.ts';
import type { ClusterImage } from './cluster-image.ts';
import type { ControllerFaults } from './faults.ts';

/** What an operation of the active controller works with. `image` holds all that was appended, committed or not. */
export interface OperationContext {
  readonly image: ClusterImage;
  readonly config: BrokerConfig;
  readonly clusterId: string;
  readonly sessions: BrokerSessions;
  readonly random: Random;
  /** Monotonic milliseconds. */
  readonly nowMs: number;
  /** Offset that the first record of this operation will get. */
  readonly nextOffset: number;
  readonly quorum: Pick<Quorum, 'describe' | 'kraftVersion' | 'changes'>;
  readonly faults: ControllerFaults;
}

/** Records to append as one atomic batch, and the answer once they are committed. */
export interface Outcome<A extends ApiSchema = ApiSchema> {
  readonly records: readonly MetadataRecord[];
  readonly response: Draft<A['response']>;
}

/** One request that only the active controller can serve: a function of (state, request) alone. */
export interface Operation<A extends ApiSchema = ApiSchema> {
  readonly api: A;
  run(context: OperationContext, request: Message<A['request']>, version: number): Outcome<A>;
}

// biome-ignore lint/suspicious/noExplicitAny: a heterogeneous list; each element was checked where it was made.
export type AnyOperation = Operation<any>;
