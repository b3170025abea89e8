import { type ControlEvent, reachOf } from '../verdict/faults.ts';
import { brokerName, brokersOnly, faultName } from './names.ts';
import type { ReplicaChange } from './story.ts';
import type { Telling } from './telling.ts';

/** What became of the record in the brokers' logs. */
export function tellReplicas(telling: Telling): void {
  const { replicas, rows } = telling.facts;
  if (replicas.length === 0) return;
  const sentNs = rows.find(({ kind, isWitness }) => kind === 'send' && isWitness)?.timeNs ?? telling.fromNs;
  const ackedNs = rows.find(({ kind, isWitness }) => kind === 'ack' && isWitness)?.timeNs ?? null;
  const epochOfAck = ownEpoch(telling, replicas, ackedNs);
  // What stands at the offset in that epoch is another record: the witness never was there.
  const displacing = telling.others.get(epochOfAck);
  const own = displacing === undefined ? epochOfAck : -2;
  const holding = new Map<number, { epoch: number; fromNs: number }>();
  const committed = new Set<number>();
  const given = new Set<number>();
  let wasHeld = false;
  const end = (broker: number, untilNs: number | null): void => {
    const held = holding.get(broker);
    holding.delete(broker);
    if (held === undefined || held.epoch !== own) return;
    telling.bands.push({
      kind: 'holds',
      lane: telling.broker(broker),
      fromNs: held.fromNs,
      untilNs,
      label: 'holds the record',
    });
  };
  const wasOwn = new Set<number>();
  const copies = new Set<number>();
  const lose = (broker: number, how: string): void => {
    copies.delete(broker);
    if (copies.size > 0 || telling.point !== null) return;
    telling.point = wasOwn.size > 1 ? `the last copy went when ${how}` : `${how}, and the record was gone`;
  };
  const elections = electionsAfter(telling, ackedNs);
  for (const change of replicas) {
    while (elections[0] !== undefined && elections[0].timeNs < change.timeNs) {
      const { leader, leaderEpoch, timeNs } = elections.shift()!;
      if (copies.size === 0 || copies.has(leader) || wasOwn.size === 0) continue;
      telling.without.add(timeNs);
      telling.point ??= `${brokerName(leader)} was made leader in epoch ${leaderEpoch} without the record, which ${brokersOnly([...copies])} still held`;
    }
    const { timeNs, broker, kind, epoch, logEnd, leading } = change;
    const lane = telling.broker(broker);
    if (timeNs < sentNs && kind !== 'holds') continue;
    if (kind === 'holds') {
      end(broker, timeNs);
      holding.set(broker, { epoch, fromNs: timeNs });
      if (epoch === own) {
        const again = wasOwn.has(broker);
        wasOwn.add(broker);
        copies.add(broker);
        wasHeld = true;
        if (again) continue;
        if (leading)
          telling.add('append', timeNs, lane, `writes it at offset ${telling.offset} (leader, epoch ${epoch})`);
        else {
          const from = telling.broker(telling.leaderAt(timeNs));
          if (from < 0 || from === lane) telling.add('replicate', timeNs, lane, `has a copy`);
          else telling.add('replicate', timeNs, from, `${brokerName(broker)} has copied it`, lane);
        }
      } else if (timeNs > sentNs && leading) {
        if (given.has(epoch)) continue;
        given.add(epoch);
        const other = telling.others.get(epoch) ?? 'another record';
        telling.add('loss', timeNs, lane, `gives offset ${telling.offset} to ${other} (epoch ${epoch})`);
        telling.point ??= `${brokerName(broker)} gave offset ${telling.offset} to ${other}, in epoch ${epoch}`;
      }
    } else if (kind === 'cut') {
      const had = holding.get(broker)?.epoch === own;
      end(broker, timeNs);
      if (!had) continue;
      telling.add('loss', timeNs, lane, `cuts its log to ${logEnd}: its copy is gone`);
      lose(broker, `${brokerName(broker)} cut its log at offset ${logEnd}`);
    } else if (kind === 'gone') {
      end(broker, timeNs);
      telling.add('fault', timeNs, lane, `the process of ${brokerName(broker)} is gone`);
    } else if (kind === 'back') {
      tellReturn(telling, change, own, copies.has(broker), ackedNs, lose);
    } else if (kind === 'committed' && !committed.has(epoch) && leading && epoch === own) {
      committed.add(epoch);
      telling.add('commit', timeNs, lane, `moves the high watermark past ${telling.offset}: readers may see it`);
    } else if (kind === 'uncommitted' && leading) {
      telling.add('loss', timeNs, lane, `its high watermark stands below ${telling.offset} again`);
    }
  }
  const holders = [...holding].filter(([, { epoch }]) => epoch === own).map(([broker]) => broker);
  for (const broker of [...holding.keys()]) end(broker, null);
  if (displacing !== undefined) {
    const elsewhere = rows.find(({ kind, isWitness }) => kind === 'read' && isWitness)?.offset;
    const where = elsewhere === undefined ? 'is nowhere' : `stands at offset ${elsewhere}`;
    telling.point = `offset ${telling.offset} went to ${displacing}; the record that was acknowledged for it ${where}`;
  } else if (!wasHeld && ackedNs !== null && telling.offset >= 0) {
    const leader = telling.leaderAt(ackedNs);
    telling.point = `no log ever held the record: ${leader < 0 ? 'the leader' : brokerName(leader)} acknowledged what it had not written`;
  } else if (wasHeld && telling.point === null && holders.length > 0 && telling.facts.rule === 'P1') {
    telling.point = `the log of ${brokersOnly(holders)} still covers the offset, but what stands there cannot be read`;
  }
}

/** A replica is open again: what its disk kept shows what the crash took. */
function tellReturn(
  telling: Telling,
  change: ReplicaChange,
  own: number,
  had: boolean,
  ackedNs: number | null,
  lose: (broker: number, how: string) => void,
): void {
  const { timeNs, broker, epoch, logEnd, tornBytes } = change;
  const lane = telling.broker(broker);
  const torn = tornBytes > 0 ? `; recovery cut a torn tail of ${tornBytes} bytes` : '';
  if (epoch === own && own >= 0) {
    telling.add('back', timeNs, lane, `is back, log end ${logEnd}: it still has the record`);
  } else if (had) {
    const how = logEnd === 0 ? 'an empty log' : `log end ${logEnd}${torn}`;
    // A kill leaves the page cache: what is missing then, the process itself has cut.
    const last = telling.facts.faults.findLast(
      ({ brokers, atNs, confirmed }) => confirmed && brokers.includes(broker) && atNs <= timeNs,
    );
    const took = last !== undefined && !['none', 'unavailable'].includes(reachOf(last.kind));
    telling.add(
      'loss',
      timeNs,
      lane,
      `is back with ${how}${took ? '' : ', which it cut as it came'}: its copy is gone`,
    );
    const after = took ? ` after the ${faultName(last)}` : ', cut as it came';
    lose(broker, `${brokerName(broker)} came back with ${how}${after}`);
  } else if (ackedNs !== null && timeNs > ackedNs && telling.offset >= logEnd) {
    telling.add('back', timeNs, lane, `is back with log end ${logEnd}${torn}: it never had the record`);
  } else telling.add('back', timeNs, lane, `is back with log end ${logEnd}${torn}`);
}

/** Changes of leader after the acknowledgement. */
function electionsAfter(telling: Telling, ackedNs: number | null): ControlEvent[] {
  if (ackedNs === null) return [];
  return telling.facts.control.filter(
    ({ timeNs, leader, leaderEpoch }, index) =>
      timeNs > ackedNs && leader >= 0 && leaderEpoch !== telling.facts.control[index - 1]?.leaderEpoch,
  );
}

/** The epoch in which the record was written: of the copy before its acknowledgement, or of the leader then. */
function ownEpoch(telling: Telling, replicas: readonly ReplicaChange[], ackedNs: number | null): number {
  const holds = replicas.filter(({ kind }) => kind === 'holds');
  if (ackedNs === null) return holds[0]?.epoch ?? -1;
  const before = holds.filter(({ timeNs }) => timeNs <= ackedNs).at(-1);
  return before?.epoch ?? telling.epochAt(ackedNs);
}
