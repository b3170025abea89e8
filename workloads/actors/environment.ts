import type { Runtime } from '../../core/runtime.ts';
import type { HistoryWriter } from '../history-writer.ts';
import type { Measurement } from '../measurement.ts';
import type { Workload } from '../workload.ts';
import type { Driver } from './driver.ts';
import type { Positions } from './positions.ts';
import type { Roster } from './roster.ts';

/** All that an actor knows of the world it runs in. One per load thread. */
export interface Environment {
  readonly workload: Workload;
  readonly roster: Roster;
  readonly runtime: Runtime;
  readonly driver: Driver;
  readonly measurement: Measurement;
  readonly history: HistoryWriter;
  readonly positions: Positions;
  /** A number that all records of this run carry, so that records of another run are told apart. */
  readonly run: number;
  /** Nanoseconds since time zero, negative before the load starts. */
  now(): number;
  /** The bytes of a file that the workload names, loaded before the start. */
  file(path: string): Uint8Array | null;
  /** Something that a reader of the results must know, once per text. */
  problem(text: string): void;
}
