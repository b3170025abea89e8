import type { ControlEvent, LoggedFault } from '../verdict/faults.ts';
import type { Clause, Example, Judgement, RuleId } from '../verdict/result.ts';

/** Who has a column of a story: clients outside, the replicas of one partition between them. */
export interface Lane {
  readonly name: string;
  readonly role: 'producer' | 'broker' | 'reader';
}

export const MOMENT_KINDS = [
  'send',
  'append',
  'replicate',
  'commit',
  'ack',
  'read',
  'elected',
  'shrink',
  'fault',
  'back',
  'loss',
  'other',
] as const;
export type MomentKind = (typeof MOMENT_KINDS)[number];

/** One thing that happened, in its lane; an arrow leads to `to` where something went from one lane to another. */
export interface Moment {
  readonly timeNs: number;
  readonly kind: MomentKind;
  readonly lane: number;
  readonly to?: number;
  readonly text: string;
}

/** While it lasts the lane is hit by a fault (`fault`), or holds the record (`holds`). */
export interface Band {
  readonly kind: 'fault' | 'holds';
  readonly lane: number;
  readonly fromNs: number;
  /** Null: until the end. */
  readonly untilNs: number | null;
  readonly label: string;
}

/** How a promise was broken (or a loss allowed): the few events that matter, in time order. */
export interface Story {
  readonly rule: RuleId;
  readonly name: string;
  readonly result: Judgement;
  /** What the rule found, in one sentence. */
  readonly finding: string;
  readonly partition: string | null;
  /** Whose life is told: "producer-0-1 seq 436 at offset 1114"; null when no single record is the witness. */
  readonly witness: string | null;
  readonly lanes: readonly Lane[];
  readonly moments: readonly Moment[];
  readonly bands: readonly Band[];
  /** Where it went wrong, in one sentence; null where nobody could look. */
  readonly point: string | null;
  /** What the rule promises, and what its breach means to whoever relies on it. */
  readonly meaning: string;
  /** The clause that allows it, or that none does. */
  readonly clause: string;
  readonly replay: string;
  /** `trace`: told from inside of the brokers, of a simulated run. `history`: what clients and the fault log know. */
  readonly source: 'trace' | 'history';
}

/** A change of one broker's replica of the partition, with regard to one offset. */
export interface ReplicaChange {
  readonly timeNs: number;
  readonly broker: number;
  readonly kind: /** A record stands at the offset; `leading` tells an append from a copy. */
    | 'holds'
    /** The running replica cut its log to below the offset. */
    | 'cut'
    /** The process is gone. */
    | 'gone'
    /** The process is there again, with the log that its disk kept. */
    | 'back'
    /** The high watermark has passed the offset. */
    | 'committed'
    /** It stands below the offset again. */
    | 'uncommitted';
  /** Of the record at the offset, -1 when there is none. */
  readonly epoch: number;
  readonly logEnd: number;
  readonly leading: boolean;
  /** With `back`: bytes of a torn tail that recovery cut off. */
  readonly tornBytes: number;
}

/** A row of the history, of those that concern the witness. */
export interface WitnessRow {
  readonly kind: 'send' | 'ack' | 'fail' | 'read' | 'gap' | 'logEnd';
  readonly timeNs: number;
  readonly actor: string;
  readonly offset: number;
  /** Of what was read: the same record, or another at its offset. */
  readonly isWitness: boolean;
  readonly record: string;
  /** Of the batch that was read; -1 where it is not known. */
  readonly epoch: number;
  /** With `gap`: what the reader took the missing offsets for. */
  readonly reason?: string;
}

/** All that a story is told from. */
export interface Facts {
  readonly rule: RuleId;
  readonly result: Judgement;
  readonly finding: string;
  readonly clause: Clause | null;
  readonly example: Example | null;
  readonly rows: readonly WitnessRow[];
  /** Empty where nobody could look into the brokers. */
  readonly replicas: readonly ReplicaChange[];
  /** Of the witness' partition. */
  readonly control: readonly ControlEvent[];
  readonly faults: readonly LoggedFault[];
  readonly replay: string;
  readonly source: Story['source'];
}
