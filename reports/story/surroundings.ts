import { faultName } from './names.ts';
import type { Moment } from './story.ts';
import { BEFORE_NS, type Telling } from './telling.ts';

/** Without rows of its own the witness is told by what the rule saw. */
export function tellEvidence(telling: Telling): void {
  const { example } = telling.facts;
  for (const { timeNs, text } of example?.events ?? []) {
    if (timeNs === null) continue;
    const named = telling.lanes.findIndex(({ name }) => new RegExp(`\\b${name}\\b`).test(text));
    const producer = telling.lanes.findIndex(({ role }) => role === 'producer');
    const lane = named >= 0 ? named : Math.max(0, producer);
    const isLoss = /other records|cut |went from|both lead|ends at/.test(text);
    telling.add(isLoss ? 'loss' : 'other', timeNs, lane, text.replace(/ t=[\d.]+s$/, ''));
  }
}

/** Who led, and how many replicas an acknowledgement waited for. */
export function tellLeaders(telling: Telling): void {
  const { control } = telling.facts;
  for (const [index, event] of control.entries()) {
    const before = control[index - 1];
    if (before === undefined || event.timeNs < telling.fromNs) continue;
    const isr = `ISR {${event.isr.join(',')}}`;
    if (event.leader === -1 && before.leader !== -1) {
      telling.add('elected', event.timeNs, telling.broker(before.leader), `nobody leads any more; ${isr}`);
    } else if (event.leader !== before.leader || event.leaderEpoch !== before.leaderEpoch) {
      if (event.leader === -1) continue;
      const how = event.unclean ? ', from outside of the ISR' : '';
      const lacks = telling.without.has(event.timeNs);
      telling.add(
        lacks ? 'loss' : 'elected',
        event.timeNs,
        telling.broker(event.leader),
        `leads in epoch ${event.leaderEpoch}${how}${lacks ? ' without the record' : ''}; ${isr}`,
      );
    } else if (event.isr.length < before.isr.length) {
      telling.add('shrink', event.timeNs, telling.broker(event.leader), `${isr}: it waits for fewer replicas now`);
    }
  }
}

export function tellFaults(telling: Telling): void {
  const { moments } = telling;
  for (const fault of telling.facts.faults) {
    const { atNs, untilNs, brokers, confirmed } = fault;
    if (!confirmed || (untilNs !== null && untilNs < telling.fromNs)) continue;
    for (const id of brokers) {
      const lane = telling.broker(id);
      if (lane < 0) continue;
      telling.bands.push({ kind: 'fault', lane, fromNs: atNs, untilNs, label: faultName(fault) });
    }
    if (atNs < telling.fromNs - BEFORE_NS) continue;
    const [first] = brokers;
    const lane = first === undefined ? -1 : telling.broker(first);
    telling.add('fault', atNs, lane, `${faultName(fault)} of ${fault.target} (fault ${fault.id})`);
  }
  // What the process' end shows needs no second line beside the fault that ended it.
  const told = moments.filter(({ kind, text }) => kind === 'fault' && !text.startsWith('the process'));
  const isTold = ({ kind, text, lane, timeNs }: Moment): boolean =>
    kind === 'fault' &&
    text.startsWith('the process') &&
    told.some((other) => other.lane === lane && Math.abs(other.timeNs - timeNs) < 50e6);
  for (let index = moments.length - 1; index >= 0; index--) {
    if (isTold(moments[index]!)) moments.splice(index, 1);
  }
}
