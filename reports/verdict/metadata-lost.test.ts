import { describe, expect, test } from 'vitest';
import type { Config } from './contract.ts';
import type { ControlEvent, LoggedFault } from './faults.ts';
import type { MetadataLoss } from './metadata-lost.ts';
import {
  AUDITOR,
  ack,
  assign,
  audit,
  CONSUMER,
  fault,
  isrAt,
  PRODUCER,
  type Row,
  read,
  ruleOf,
  type Setting,
  send,
  verdictOf,
} from './scripted.ts';
import type { WhiteBoxRule } from './white-box.ts';

/** Actor 0 produces, 1 consumes, 2 audits. */
const SETTING: Setting = { roles: [PRODUCER, CONSUMER, AUDITOR], topic: { 'min.insync.replicas': 2 } };
const LOSS: MetadataLoss = {
  timeNs: 60e6,
  sinceNs: 10e6,
  node: 1,
  end: 46,
  committed: 61,
  reusesEpoch: false,
};
const EMPTY = fault('disk-replace', [3], 20, 30);
/** The partition as the lost log had it, and as it was told again from an older one. */
const CONTROL: readonly ControlEvent[] = [isrAt(0, 3, [1, 2, 3]), isrAt(62, 1, [1])];

interface Seen {
  readonly loss?: Partial<MetadataLoss>;
  readonly control?: readonly ControlEvent[];
  readonly broker?: Config;
  readonly violations?: readonly (readonly [rule: WhiteBoxRule, partition: number, timeMs: number])[];
}

function judged(rows: readonly Row[], faults: readonly LoggedFault[], seen: Seen = {}) {
  const violations = (seen.violations ?? []).map(([rule, partition, timeMs]) => ({
    rule,
    partition,
    timeNs: timeMs * 1e6,
    sentence: 'it was seen',
  }));
  return verdictOf({ ...SETTING, broker: seen.broker ?? {}, faults }, rows, {
    drained: true,
    control: seen.control ?? CONTROL,
    whiteBox: { checked: [], violations, metadataLosses: [{ ...LOSS, ...seen.loss }] },
  });
}

const allowed = { result: 'allowed', clause: 'metadata-lost' };
const failed = { result: 'fail' };

describe('a metadata log that lost what was committed', () => {
  const written = [send(1, 0, 0), ack(2, 0, 0, 0), send(3, 0, 1), ack(4, 0, 1, 1)];
  const kept = [
    ...written,
    ...audit(100, 2, [
      [0, 0],
      [0, 1],
    ]),
  ];
  const lost = [...written, ...audit(100, 2, [[0, 0]])];
  const p9 = (faults: readonly LoggedFault[], loss: Partial<MetadataLoss> = {}) =>
    ruleOf(judged(kept, faults, { loss, violations: [['P9', -1, 60]] }), 'P9');

  test('is explained by a voter that lost its disk since the commit, or one whose disk was damaged', () => {
    expect(p9([EMPTY])).toMatchObject(allowed);
    expect(p9([EMPTY]).clauseText).toBe(
      'a voter of the metadata quorum that had lost its disk voted like the others: disk-replace at t=0.020s of broker 3; broker 1 led it at t=0.060s with offsets below 46 of 61',
    );
    const both = fault('disk-replace', [2, 3], 20, 30);
    expect(p9([both]).clauseText).toContain(
      'like the others: disk-replace at t=0.020s of brokers 2, 3; broker 1 led it',
    );
    const damage = fault('bit-flip', [2], 5, 5);
    expect(p9([damage])).toMatchObject(allowed);
    expect(p9([{ ...damage, files: ['/data/__cluster_metadata-0/00000000000000000000.log'] }])).toMatchObject(allowed);
    expect(p9([{ ...damage, files: ['/data/orders-0/00000000000000000000.log'] }])).toMatchObject(failed);
    // It was back before the record was committed; the disk goes only after; what is stored stays; the disk is a client's.
    expect(p9([EMPTY], { sinceNs: 31e6 })).toMatchObject(failed);
    expect(p9([fault('disk-replace', [3], 70, 80)])).toMatchObject(failed);
    expect(p9([fault('power-loss', [3], 20, 30), fault('kill', [2], 20, 30)])).toMatchObject(failed);
    expect(p9([fault('disk-replace', [9], 20, 30)])).toMatchObject(failed);
    expect(p9([{ ...EMPTY, confirmed: false }])).toMatchObject(failed);
    expect(p9([])).toMatchObject(failed);
  });

  test('is not explained by an empty disk where voters are known by their disks, unless most have lost theirs', () => {
    const dynamic = (faults: readonly LoggedFault[]) =>
      ruleOf(judged(kept, faults, { broker: { 'kraft.version': 1 }, violations: [['P9', -1, 60]] }), 'P9');
    expect(dynamic([EMPTY])).toMatchObject(failed);
    expect(dynamic([EMPTY, { ...EMPTY, atNs: EMPTY.atNs + 1 }])).toMatchObject(failed);
    expect(dynamic([EMPTY, fault('disk-replace', [2], 20, 30)])).toMatchObject(allowed);
    expect(dynamic([EMPTY, fault('bit-flip', [2], 5, 5)])).toMatchObject(allowed);
  });

  test('takes records with it that were seen before the partition was told again, and no others (P1)', () => {
    const p1 = (seen: Seen = {}, faults: readonly LoggedFault[] = [EMPTY], rows = lost) =>
      ruleOf(judged(rows, faults, seen), 'P1');
    expect(p1()).toMatchObject({ ...allowed, excused: 1 });
    expect(p1({}, [fault('kill', [3], 20, 30)])).toMatchObject(failed);
    // Nothing else was told of the partition: it is as it was.
    expect(p1({ control: CONTROL.slice(0, 1) })).toMatchObject(failed);
    const shared = { loss: { reusesEpoch: true }, control: CONTROL.slice(0, 1) };
    expect(p1(shared)).toMatchObject(allowed);
    expect(p1({ ...shared, loss: { reusesEpoch: true, timeNs: 3e6, sinceNs: 1e6 } })).toMatchObject(failed);
    const later = [send(1, 0, 0), ack(2, 0, 0, 0), send(63, 0, 1), ack(64, 0, 1, 1), ...audit(100, 2, [[0, 0]])];
    expect(p1({}, [EMPTY], later)).toMatchObject(failed);
    const next = isrAt(80, 2, [2, 3]);
    expect(p1({ control: [...CONTROL, next] }, [EMPTY], later)).toMatchObject(failed);
    expect(p1({ control: [...CONTROL, { ...next, forgotten: true }] }, [EMPTY], later)).toMatchObject(allowed);
  });

  test('says nothing of a loss that came by another way', () => {
    const faults = [EMPTY, fault('power-loss', [1, 2, 3], 40, 50)];
    expect(ruleOf(judged(lost, faults), 'P1')).toMatchObject({ result: 'allowed', clause: 'unflushed' });
  });

  test('allows offsets that are given again and a reader that finds itself before them (P2, P4, P10)', () => {
    const anew = [
      ...[send(1, 0, 0), ack(2, 0, 0, 0), assign(2, 1, 0), read(3, 1, 0, 0, 0), send(3, 0, 1), ack(4, 0, 1, 1)],
      ...[read(5, 1, 1, 0, 1), send(70, 0, 2), ack(71, 0, 2, 0), read(72, 1, 0, 0, 2)],
    ];
    const of = (rule: string, faults: readonly LoggedFault[]) => ruleOf(judged(anew, faults), rule);
    for (const rule of ['P2', 'P4', 'P10']) {
      expect(of(rule, [EMPTY]), rule).toMatchObject(rule === 'P4' ? { result: 'pass' } : allowed);
      expect(of(rule, []), rule).toMatchObject(failed);
    }
  });

  test('allows a reader that is given again what it had, where the writer sent it again (P10)', () => {
    const again = [
      ...[send(1, 0, 0), assign(2, 1, 0), read(3, 1, 0, 0, 0)],
      ...[ack(71, 0, 0, 0), read(72, 1, 0, 0, 0), ...audit(100, 2, [[0, 0]])],
    ];
    expect(ruleOf(judged(again, [EMPTY]), 'P10')).toMatchObject(allowed);
    expect(ruleOf(judged(again, []), 'P10')).toMatchObject(failed);
    const late = again.map((row) => (row.t === 3 ? { ...row, t: 65 } : row));
    expect(ruleOf(judged(late, [EMPTY]), 'P10')).toMatchObject(failed);
  });

  test('allows what replicas show of it from then on (P8, P9), but no partition without its replicas (L1)', () => {
    const of = (rule: WhiteBoxRule, timeMs: number, loss: Partial<MetadataLoss> = {}) =>
      ruleOf(judged(kept, [EMPTY], { loss, violations: [[rule, 0, timeMs]] }), rule);
    for (const rule of ['P8', 'P9'] as const) {
      expect(of(rule, 61)).toMatchObject(allowed);
      expect(of(rule, 59)).toMatchObject(failed);
    }
    expect(of('P7', 61)).toMatchObject(failed);
    expect(of('L1', 61)).toMatchObject(failed);
    // Two logs with other records under one epoch: voters take one for the other and never agree.
    expect(of('L1', 61, { reusesEpoch: true })).toMatchObject(allowed);
    expect(of('L1', 59, { reusesEpoch: true })).toMatchObject(failed);
  });
});
