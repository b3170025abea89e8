import type { GroupFaults } from '../groups/index.ts';
import type { ReplicationFaults } from '../replication/index.ts';

/** Deliberately broken variants of a broker, for tests that must see a checker bite. All default to false. */
export interface BrokerFaults extends ReplicationFaults, GroupFaults {
  /** Runs before each request of a client, for drills: a broker that is slower by a known amount. */
  readonly beforeRequest?: () => void;
}
