import { EVENT } from '../../workloads/history.ts';
import { AUDITOR_AT, type Execution } from './correct-log.ts';
import type { Row } from './scripted.ts';

/** Each plants one contradiction; `pick` chooses where. Returns null where the story offers no place. */
export const CONTRADICTIONS: readonly (readonly [
  string,
  string,
  (execution: Execution, pick: number) => Row[] | null,
])[] = [
  [
    'P1',
    'an acknowledged record vanishes from the end of the log',
    ({ rows, logs }, pick) => {
      const partition = pick % 2;
      const end = logs[partition]!.length - 1;
      return rows
        .filter(
          (row) =>
            !(row.actor === AUDITOR_AT && row.kind === EVENT.read && row.partition === partition && row.offset === end),
        )
        .map((row) => (row.kind === EVENT.logEnd && row.partition === partition ? { ...row, offset: end } : row));
    },
  ],
  [
    'P2',
    'a consumer saw another record at an offset',
    ({ rows, logs }, pick) => {
      const reads = rows.filter((row) => row.kind === EVENT.read && row.actor !== AUDITOR_AT);
      if (reads.length === 0) return null;
      const victim = reads[pick % reads.length]!;
      const other = logs[victim.partition!]!.find(
        ([writer, sequence]) => writer !== victim.a || sequence !== victim.sequence,
      );
      if (other === undefined) return null;
      return rows.map((row) => (row === victim ? { ...row, a: other[0], sequence: other[1] } : row));
    },
  ],
  [
    'P3',
    'a record that nobody sent is read',
    ({ rows }, pick) => {
      const reads = rows.filter((row) => row.kind === EVENT.read);
      const victim = reads[pick % reads.length]!;
      return rows.map((row) => (row === victim ? { ...row, sequence: 5000 + pick } : row));
    },
  ],
  [
    'P4',
    'two records of a writer change places in the log',
    ({ rows, logs }, pick) => {
      const partition = pick % 2;
      const log = logs[partition]!;
      const first = log.findIndex(
        ([writer], index) => log.findIndex(([other], at) => other === writer && at > index) > 0,
      );
      if (first < 0) return null;
      const second = log.findIndex(([writer], index) => index > first && writer === log[first]![0]);
      const swap = new Map([
        [first, second],
        [second, first],
      ]);
      return rows.map((row) => {
        const other = row.partition === partition ? swap.get(row.offset!) : undefined;
        const isRecord = row.kind === EVENT.read || row.kind === EVENT.ack;
        if (other === undefined || !isRecord) return row;
        if (row.kind === EVENT.ack) return { ...row, offset: other };
        return { ...row, a: log[other]![0], sequence: log[other]![1] };
      });
    },
  ],
  [
    'P5',
    'a record stands twice',
    ({ rows, logs }, pick) => {
      const partition = pick % 2;
      const log = logs[partition]!;
      const [writer, sequence] = log[pick % log.length]!;
      const template = rows.find((row) => row.actor === AUDITOR_AT && row.kind === EVENT.read)!;
      const grown = rows.map((row) =>
        row.kind === EVENT.logEnd && row.partition === partition ? { ...row, offset: log.length + 1 } : row,
      );
      return [...grown, { ...template, partition, offset: log.length, a: writer, sequence }];
    },
  ],
  [
    'P6',
    'the auditor finds a hole',
    ({ rows, logs }, pick) => {
      const partition = pick % 2;
      if (logs[partition]!.length < 2) return null;
      const hole = pick % (logs[partition]!.length - 1);
      return rows.filter(
        (row) =>
          !(row.actor === AUDITOR_AT && row.kind === EVENT.read && row.partition === partition && row.offset === hole),
      );
    },
  ],
  [
    'P10',
    'a poll repeats a record',
    ({ rows }, pick) => {
      const at = rows.findLastIndex((row) => row.kind === EVENT.read && row.actor === 2 + (pick % 2));
      return at < 0 ? null : [...rows.slice(0, at), rows[at]!, ...rows.slice(at)];
    },
  ],
  [
    'C1',
    'a consumer commits one more than it processed',
    ({ rows }, pick) => {
      const commits = rows.filter((row) => row.kind === EVENT.commit);
      if (commits.length === 0) return null;
      const victim = commits[pick % commits.length]!;
      return rows.map((row) => (row === victim ? { ...row, offset: row.offset! + 1 } : row));
    },
  ],
  [
    'C2',
    'an acknowledged commit is forgotten',
    ({ rows }) => {
      const at = rows.findIndex(
        (row, index) =>
          row.kind === EVENT.committed &&
          rows.slice(0, index).some((commit) => commit.kind === EVENT.commitAck && commit.partition === row.partition),
      );
      return at < 0 ? null : rows.map((row, index) => (index === at ? { ...row, offset: -1 } : row));
    },
  ],
  [
    'C3',
    'a stretch below the commit was not processed',
    ({ rows }) => {
      const isCommitted = (partition: number) =>
        rows.some((row) => row.kind === EVENT.commitAck && row.partition === partition && row.offset! > 0);
      const partition = [0, 1].find(isCommitted);
      if (partition === undefined) return null;
      return rows.filter((row) => !(row.kind === EVENT.processed && row.partition === partition));
    },
  ],
  [
    'C4',
    'a generation gets a second owner',
    ({ rows }, pick) => {
      const assigned = rows.filter((row) => row.kind === EVENT.assign && row.actor !== AUDITOR_AT);
      const twin = assigned[pick % assigned.length]!;
      return [...rows, { ...twin, actor: twin.actor === 2 ? 3 : 2 }];
    },
  ],
];
