import type { CommitOffset } from '../../actors/driver.ts';

/** A commit, or the question for one, that has no answer by then has none. */
export const ANSWER_MS = 10_000;

export interface CommitAnswer {
  readonly errorCode: number;
  readonly definite: boolean;
}

/** For each offset; a refusal may follow an attempt that was carried out: libraries repeat without saying so. */
export function commitAnswers(offsets: readonly CommitOffset[], errorCode: number): CommitAnswer[] {
  return offsets.map(() => ({ errorCode, definite: errorCode === 0 }));
}
