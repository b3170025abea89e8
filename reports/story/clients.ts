import { brokersText } from './names.ts';
import type { WitnessRow } from './story.ts';
import type { Telling } from './telling.ts';

/** What clients did and saw. */
export function tellClients(telling: Telling): void {
  const { rows, example } = telling.facts;
  const readBy = new Map<number, number>();
  const missed = new Set<number>();
  for (const row of rows) {
    const { kind, timeNs, isWitness, offset, record } = row;
    const lane = telling.lane(row.actor);
    const leader = telling.broker(telling.leaderAt(timeNs));
    const name = isWitness ? 'it' : record;
    const at = offset < 0 ? '' : ` at offset ${offset}`;
    if (kind === 'send') telling.add('send', timeNs, lane, `sends ${record.replace(`${row.actor} `, '')}`, leader);
    else if (kind === 'fail') telling.add('other', timeNs, lane, `is told that ${name} failed`);
    else if (kind === 'ack') {
      if (leader < 0) telling.add('ack', timeNs, lane, `is told that ${isWitness ? 'it' : record} stands${at}`);
      else telling.add('ack', timeNs, leader, `acknowledges ${name}${at}${heldBy(telling, row)}`, lane);
    } else if (kind === 'gap') {
      if (missed.has(lane)) continue;
      missed.add(lane);
      const why = row.reason === undefined ? 'nothing is given' : row.reason;
      telling.add('loss', timeNs, lane, `is not given it: from offset ${offset} on ${why}`);
    } else if (kind === 'read' && (readBy.get(lane) ?? 0) < 2) {
      readBy.set(lane, (readBy.get(lane) ?? 0) + 1);
      const isElsewhere = isWitness && telling.offset >= 0 && offset !== telling.offset;
      telling.add('read', timeNs, lane, `reads ${name}${at}${isElsewhere ? `, not at ${telling.offset}` : ''}`);
    }
  }
  // An absence is no row of the history: the rule's evidence tells when a reader passed by.
  const past = example?.events.find(({ text }) => text.startsWith('read past'));
  const auditor = telling.lanes.findLastIndex(({ role }) => role === 'reader');
  if (past?.timeNs != null && auditor >= 0 && !readBy.has(auditor) && !missed.has(auditor)) {
    telling.add('loss', past.timeNs, auditor, 'has read past the offset, after everything was healed: it is not there');
  }
}

/** Who held the record at the moment of its acknowledgement, where that can be seen. */
function heldBy(telling: Telling, row: WitnessRow): string {
  const { replicas } = telling.facts;
  if (replicas.length === 0 || row.offset !== telling.offset) return '';
  const holders = new Map<number, number>();
  for (const { timeNs, broker, kind, epoch } of replicas) {
    if (timeNs > row.timeNs) break;
    if (kind === 'holds') holders.set(broker, epoch);
    if (kind === 'cut' || kind === 'gone') holders.delete(broker);
  }
  if (holders.size === 0) return ': no log has it yet';
  // What stands there is known to be another record.
  if (row.isWitness && [...holders.values()].some((epoch) => telling.others.has(epoch))) return '';
  const ids = [...holders.keys()].sort((a, b) => a - b);
  return `, held by ${brokersText(ids)}`;
}
