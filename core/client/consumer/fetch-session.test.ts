import { describe, expect, it } from 'vitest';
import { ErrorCode } from '../../protocol/index.ts';
import { FetchSession, type FetchTarget } from './fetch-session.ts';

function target(partition: number, fetchOffset: number, topicId = 'id'): FetchTarget {
  return {
    topic: 't',
    topicId,
    partition,
    currentLeaderEpoch: 1,
    fetchOffset,
    lastFetchedEpoch: 1,
    partitionMaxBytes: 9,
  };
}

const partitions = (targets: readonly FetchTarget[]): number[] => targets.map((one) => one.partition);

describe('a fetch session', () => {
  it('sends everything first, then only what changed, and names what is no longer wanted', () => {
    const session = new FetchSession();
    const first = session.plan([target(0, 0), target(1, 0)]);
    expect(first).toMatchObject({ sessionId: 0, sessionEpoch: 0, forget: [] });
    expect(partitions(first.send)).toEqual([0, 1]);
    session.answered(44);
    const second = session.plan([target(0, 5), target(1, 0)]);
    expect(second).toMatchObject({ sessionId: 44, sessionEpoch: 1, forget: [] });
    expect(partitions(second.send)).toEqual([0]);
    session.answered(44);
    const third = session.plan([target(1, 0), target(2, 0)]);
    expect(third.sessionEpoch).toBe(2);
    expect(partitions(third.send)).toEqual([2]);
    expect(partitions(third.forget)).toEqual([0]);
  });

  it('replaces a topic that was deleted and made again', () => {
    const session = new FetchSession();
    session.plan([target(0, 0, 'old')]);
    session.answered(44);
    const plan = session.plan([target(0, 0, 'new')]);
    expect(plan.send.map((one) => one.topicId)).toEqual(['new']);
    expect(plan.forget.map((one) => one.topicId)).toEqual(['old']);
  });

  it('is opened anew after an error or a lost answer, and closed at the broker if that still knows it', () => {
    const session = new FetchSession();
    session.plan([target(0, 0)]);
    session.answered(44);
    session.plan([target(0, 1)]);
    session.lost(ErrorCode.none);
    expect(session.plan([target(0, 1)])).toMatchObject({ sessionId: 44, sessionEpoch: 0, send: [target(0, 1)] });
    session.answered(45);
    session.lost(ErrorCode.fetchSessionIdNotFound);
    expect(session.plan([target(0, 1)])).toMatchObject({ sessionId: 0, sessionEpoch: 0, send: [target(0, 1)] });
  });

  it('does without when the broker gives none', () => {
    const session = new FetchSession();
    session.plan([target(0, 0)]);
    session.answered(0);
    expect(session.plan([target(0, 0)])).toMatchObject({ sessionId: 0, sessionEpoch: 0, send: [target(0, 0)] });
  });
});
