import { ErrorCode } from '../../protocol/index.ts';

/** What a fetch asks of one partition. */
export interface FetchTarget {
  readonly topic: string;
  /** ZERO_UUID below Fetch 13. */
  readonly topicId: string;
  readonly partition: number;
  readonly currentLeaderEpoch: number;
  readonly fetchOffset: number;
  readonly lastFetchedEpoch: number;
  readonly partitionMaxBytes: number;
}

export interface FetchPlan {
  readonly sessionId: number;
  readonly sessionEpoch: number;
  readonly send: readonly FetchTarget[];
  readonly forget: readonly FetchTarget[];
}

const LAST_EPOCH = 2147483647;
const NO_TARGETS: readonly FetchTarget[] = [];
const FEW_PARTITIONS = 8;

/** An incremental fetch session with one broker (KIP-227): only what changed since the last request is sent. */
export class FetchSession {
  #id = 0;
  /** 0 opens a session (and closes the old one, if there is an id). */
  #epoch = 0;
  #targets: readonly FetchTarget[] = NO_TARGETS;

  /** `wanted`: all that is to be fetched now. */
  plan(wanted: readonly FetchTarget[]): FetchPlan {
    const before = this.#epoch === 0 ? NO_TARGETS : this.#targets;
    const knownOf = finderIn(before);
    const send: FetchTarget[] = [];
    let stayed = 0;
    for (const target of wanted) {
      const known = knownOf(target);
      if (known !== undefined) stayed++;
      if (!isSame(target, known)) send.push(target);
    }
    let forget = NO_TARGETS;
    if (stayed < before.length) {
      const wantedOf = finderIn(wanted);
      forget = before.filter((target) => wantedOf(target) === undefined);
    }
    this.#targets = wanted;
    return { sessionId: this.#id, sessionEpoch: this.#epoch, send, forget };
  }

  /** After an answer without an error of the session. */
  answered(sessionId: number): void {
    if (sessionId === 0) {
      // The broker has no room for a session: the next request is a full one again.
      this.#id = 0;
      this.#epoch = 0;
      return;
    }
    this.#epoch = sessionId !== this.#id || this.#epoch === LAST_EPOCH ? 1 : this.#epoch + 1;
    this.#id = sessionId;
  }

  /** After an error of the session, or no answer: what the broker remembers is not known. */
  lost(errorCode: number): void {
    if (errorCode === ErrorCode.fetchSessionIdNotFound) this.#id = 0;
    this.#epoch = 0;
  }
}

/** Looks up what a list says of the same partition. Among few, comparing costs less than the making of a key. */
function finderIn(targets: readonly FetchTarget[]): (like: FetchTarget) => FetchTarget | undefined {
  if (targets.length <= FEW_PARTITIONS) {
    return ({ topic, topicId, partition }) =>
      targets.find((each) => each.partition === partition && each.topicId === topicId && each.topic === topic);
  }
  const byKey = new Map(targets.map((target) => [keyOf(target), target]));
  return (like) => byKey.get(keyOf(like));
}

function keyOf(target: FetchTarget): string {
  return `${target.topicId} ${target.topic} ${target.partition}`;
}

function isSame(a: FetchTarget, b: FetchTarget | undefined): boolean {
  return (
    b !== undefined &&
    a.fetchOffset === b.fetchOffset &&
    a.currentLeaderEpoch === b.currentLeaderEpoch &&
    a.lastFetchedEpoch === b.lastFetchedEpoch &&
    a.partitionMaxBytes === b.partitionMaxBytes
  );
}
