import type { Case } from './case.ts';
import { FOREIGN, STRAY } from './ledger.ts';
import { FLAG } from './record-table.ts';
import type { Tally } from './tally.ts';

/**
 * P3: everything that was read was sent, to that partition, and nothing that definitely failed is read. No clause
 * allows a phantom: bytes that nobody wrote are corruption whatever the configuration.
 */
export function judgePhantom(judged: Case, tally: Tally): void {
  const { ledger, evidence } = judged;
  const { table, foreign, strays } = ledger;
  for (let partition = 0; partition < ledger.reads.length; partition++)
    tally.check(partition, ledger.reads[partition]!);

  for (let index = 0; index < foreign.length; index++) {
    const partition = foreign.at(index, FOREIGN.partition);
    const offset = foreign.at(index, FOREIGN.offset);
    tally.fail(partition, () => {
      const reader = evidence.actor(foreign.at(index, FOREIGN.reader));
      const claimed = `writer ${foreign.at(index, FOREIGN.writer)} seq ${foreign.at(index, FOREIGN.sequence)}`;
      const event = evidence.event(foreign.at(index, FOREIGN.time), `${reader} read bytes that claim ${claimed}`);
      return evidence.example(partition, offset, `offset ${offset}: ${event.text}, which no writer has`, [event]);
    });
  }
  for (let index = 0; index < strays.length; index++) {
    const row = strays.at(index, STRAY.row);
    const partition = strays.at(index, STRAY.partition);
    const offset = strays.at(index, STRAY.offset);
    tally.fail(partition, () => {
      const event = evidence.event(strays.at(index, STRAY.time), `${evidence.record(row)} seen`);
      const home = evidence.partitions[table.partition(row)];
      const sentence = `${event.text} at offset ${offset}; its partition is ${home}`;
      return evidence.example(partition, offset, sentence, [event]);
    });
  }
  for (let row = 0; row < table.rows; row++) {
    const flags = table.flags(row);
    if ((flags & FLAG.read) === 0) continue;
    const isUnsent = (flags & FLAG.sent) === 0;
    const hasFailed = (flags & (FLAG.failed | FLAG.acked)) === FLAG.failed;
    if (!isUnsent && !hasFailed) continue;
    const partition = table.partition(row);
    if (isUnsent && judged.missing.has(table.writerOf(row))) {
      tally.undecided(partition, `not all rows of ${evidence.actor(table.writerOf(row))} arrived`);
      continue;
    }
    tally.fail(partition, () => {
      const offset = (flags & FLAG.hasOffset) === 0 ? -1 : table.offset(row);
      const event = evidence.event(table.time(row), 'first read');
      const why = isUnsent ? 'was never sent' : 'definitely failed';
      return evidence.example(partition, offset, `${evidence.record(row)} ${why}; offset ${offset} ${event.text}`, [
        event,
      ]);
    });
  }
}
