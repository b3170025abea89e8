import { type ControlEvent, type LoggedFault, reachOf } from '../verdict/faults.ts';
import { RULE_NAMES } from '../verdict/result.ts';
import { WHITE_BOX_RULES } from '../verdict/white-box.ts';
import { MEANING } from './meaning.ts';
import type { Band, Facts, Lane, Moment, MomentKind, ReplicaChange, Story, WitnessRow } from './story.ts';

/** More rows than this nobody reads; what matters least goes first. */
const MOMENTS_MAX = 24;
const READERS_MAX = 2;
/** Faults that ended shortly before the record was sent may still be felt. */
const BEFORE_NS = 1e9;

/** The few events that matter, of all that is known. */
export function tell(facts: Facts): Story {
  const { rule, result, finding, clause, example, replay, source } = facts;
  const telling = new Telling(facts);
  const witness = witnessText(facts);
  return {
    rule,
    name: RULE_NAMES[rule],
    result,
    finding,
    partition: example?.partition ?? null,
    witness,
    lanes: telling.lanes,
    moments: telling.moments(),
    bands: telling.bands(),
    // What was seen from inside says by itself where it went wrong.
    point: telling.point ?? (WHITE_BOX_RULES.some((each) => each === rule) ? insideOf(facts) : null),
    meaning: MEANING[rule],
    clause:
      clause === null
        ? 'No clause of the configuration allows it.'
        : `Allowed by clause ${clause.id}: ${clause.text}; prevented by ${clause.prevention}.`,
    replay,
    source,
  };
}

function insideOf({ example }: Facts): string | null {
  return example?.sentence.replace(/; t=[\d.]+s$/, '') ?? null;
}

function witnessText({ example }: Facts): string | null {
  if (example === null) return null;
  const { record, offset } = example;
  const at = offset === undefined || offset < 0 ? null : `offset ${offset}`;
  if (record === undefined) return at;
  const name = `${record.writer} seq ${record.sequence}`;
  return at === null ? name : `${name} at ${at}`;
}

/** How much a kind of moment matters when there is no room for all. */
const WORTH: Readonly<Record<MomentKind, number>> = {
  loss: 9,
  send: 8,
  ack: 8,
  append: 7,
  elected: 6,
  other: 6,
  read: 5,
  fault: 5,
  replicate: 4,
  back: 4,
  commit: 4,
  shrink: 3,
};

class Telling {
  readonly lanes: readonly Lane[];
  point: string | null = null;
  readonly #facts: Facts;
  readonly #offset: number;
  /** Records that readers found at the offset instead, by the epoch of their batch. */
  readonly #others: ReadonlyMap<number, string>;
  readonly #moments: Moment[] = [];
  readonly #bands: Band[] = [];
  readonly #fromNs: number;
  /** Times of elections of a leader that lacks the record. */
  readonly #without = new Set<number>();

  constructor(given: Facts) {
    // Each actor's rows come in order, but not one actor's among another's.
    const facts = { ...given, rows: given.rows.toSorted((a, b) => a.timeNs - b.timeNs) };
    this.#facts = facts;
    this.#offset = facts.example?.offset ?? -1;
    const isOther = ({ kind, isWitness, offset }: WitnessRow): boolean =>
      kind === 'read' && !isWitness && offset === this.#offset && facts.example?.record !== undefined;
    this.#others = new Map(facts.rows.filter(isOther).map(({ epoch, record }) => [epoch, record]));
    this.lanes = lanesOf(facts);
    const own = facts.rows.filter(({ isWitness }) => isWitness).map(({ timeNs }) => timeNs);
    const known = (facts.example?.events ?? []).flatMap(({ timeNs }) => (timeNs === null ? [] : [timeNs]));
    const from = Math.min(...own, ...known);
    this.#fromNs = Number.isFinite(from) ? from : (facts.replicas[0]?.timeNs ?? 0);
    this.#clients();
    this.#replicas();
    if (facts.rows.length === 0) this.#evidence();
    this.#control();
    this.#faults();
    this.#cut();
  }

  /** What came after the loss no longer matters, but for who led next and what readers found. */
  #cut(): void {
    const losses = this.#moments.filter(({ kind }) => kind === 'loss').map(({ timeNs }) => timeNs);
    const found = this.#moments.filter(({ kind }) => kind === 'read' || kind === 'ack').map(({ timeNs }) => timeNs);
    const lossNs = Math.max(...(losses.length > 0 ? losses : found), this.#fromNs);
    let elections = 0;
    const kept = this.#moments
      .toSorted((a, b) => a.timeNs - b.timeNs)
      .filter(({ kind, timeNs }) => {
        if (timeNs < this.#fromNs - BEFORE_NS) return false;
        if (timeNs <= lossNs || kind === 'read' || kind === 'loss' || kind === 'ack') return true;
        return kind === 'elected' && elections++ === 0;
      });
    this.#moments.splice(0, this.#moments.length, ...kept);
  }

  moments(): Moment[] {
    const byWorth = this.#moments
      .map((moment, index) => ({ moment, index }))
      .sort((a, b) => WORTH[b.moment.kind] - WORTH[a.moment.kind] || a.index - b.index)
      .slice(0, MOMENTS_MAX);
    const kept = byWorth.sort((a, b) => a.moment.timeNs - b.moment.timeNs || a.index - b.index);
    return kept.map(({ moment }) => moment);
  }

  bands(): Band[] {
    return this.#bands;
  }

  #lane(name: string): number {
    return this.lanes.findIndex((lane) => lane.name === name);
  }

  #broker(id: number): number {
    return this.#lane(brokerName(id));
  }

  #add(kind: MomentKind, timeNs: number, lane: number, text: string, to = -1): void {
    if (lane < 0) return;
    this.#moments.push({ timeNs, kind, lane, text, ...(to < 0 || to === lane ? {} : { to }) });
  }

  #leaderAt(timeNs: number): number {
    let leader = -1;
    for (const event of this.#facts.control) {
      if (event.timeNs > timeNs) break;
      leader = event.leader;
    }
    return leader;
  }

  #epochAt(timeNs: number): number {
    let epoch = -1;
    for (const event of this.#facts.control) {
      if (event.timeNs > timeNs) break;
      epoch = event.leaderEpoch;
    }
    return epoch;
  }

  /** What clients did and saw. */
  #clients(): void {
    const { rows, example } = this.#facts;
    const readBy = new Map<number, number>();
    const missed = new Set<number>();
    for (const row of rows) {
      const { kind, timeNs, isWitness, offset, record } = row;
      const lane = this.#lane(row.actor);
      const leader = this.#broker(this.#leaderAt(timeNs));
      const name = isWitness ? 'it' : record;
      const at = offset < 0 ? '' : ` at offset ${offset}`;
      if (kind === 'send') this.#add('send', timeNs, lane, `sends ${record.replace(`${row.actor} `, '')}`, leader);
      else if (kind === 'fail') this.#add('other', timeNs, lane, `is told that ${name} failed`);
      else if (kind === 'ack') {
        if (leader < 0) this.#add('ack', timeNs, lane, `is told that ${isWitness ? 'it' : record} stands${at}`);
        else this.#add('ack', timeNs, leader, `acknowledges ${name}${at}${this.#heldBy(row)}`, lane);
      } else if (kind === 'gap') {
        if (missed.has(lane)) continue;
        missed.add(lane);
        const why = row.reason === undefined ? 'nothing is given' : row.reason;
        this.#add('loss', timeNs, lane, `is not given it: from offset ${offset} on ${why}`);
      } else if (kind === 'read' && (readBy.get(lane) ?? 0) < 2) {
        readBy.set(lane, (readBy.get(lane) ?? 0) + 1);
        const isElsewhere = isWitness && this.#offset >= 0 && offset !== this.#offset;
        this.#add('read', timeNs, lane, `reads ${name}${at}${isElsewhere ? `, not at ${this.#offset}` : ''}`);
      }
    }
    // An absence is no row of the history: the rule's evidence tells when a reader passed by.
    const past = example?.events.find(({ text }) => text.startsWith('read past'));
    const auditor = this.lanes.findLastIndex(({ role }) => role === 'reader');
    if (past?.timeNs != null && auditor >= 0 && !readBy.has(auditor) && !missed.has(auditor)) {
      this.#add('loss', past.timeNs, auditor, 'has read past the offset, after everything was healed: it is not there');
    }
  }

  /** Who held the record at the moment of its acknowledgement, where that can be seen. */
  #heldBy(row: WitnessRow): string {
    const { replicas } = this.#facts;
    if (replicas.length === 0 || row.offset !== this.#offset) return '';
    const holders = new Map<number, number>();
    for (const { timeNs, broker, kind, epoch } of replicas) {
      if (timeNs > row.timeNs) break;
      if (kind === 'holds') holders.set(broker, epoch);
      if (kind === 'cut' || kind === 'gone') holders.delete(broker);
    }
    if (holders.size === 0) return ': no log has it yet';
    // What stands there is known to be another record.
    if (row.isWitness && [...holders.values()].some((epoch) => this.#others.has(epoch))) return '';
    const ids = [...holders.keys()].sort((a, b) => a - b);
    return `, held by ${brokersText(ids)}`;
  }

  /** What became of the record in the brokers' logs. */
  #replicas(): void {
    const { replicas, rows } = this.#facts;
    if (replicas.length === 0) return;
    const sentNs = rows.find(({ kind, isWitness }) => kind === 'send' && isWitness)?.timeNs ?? this.#fromNs;
    const ackedNs = rows.find(({ kind, isWitness }) => kind === 'ack' && isWitness)?.timeNs ?? null;
    const epochOfAck = this.#ownEpoch(replicas, ackedNs);
    // What stands at the offset in that epoch is another record: the witness never was there.
    const displacing = this.#others.get(epochOfAck);
    const own = displacing === undefined ? epochOfAck : -2;
    const holding = new Map<number, { epoch: number; fromNs: number }>();
    const committed = new Set<number>();
    const given = new Set<number>();
    let wasHeld = false;
    const end = (broker: number, untilNs: number | null): void => {
      const held = holding.get(broker);
      holding.delete(broker);
      if (held === undefined || held.epoch !== own) return;
      this.#bands.push({
        kind: 'holds',
        lane: this.#broker(broker),
        fromNs: held.fromNs,
        untilNs,
        label: 'holds the record',
      });
    };
    const wasOwn = new Set<number>();
    const copies = new Set<number>();
    const lose = (broker: number, how: string): void => {
      copies.delete(broker);
      if (copies.size > 0 || this.point !== null) return;
      this.point = wasOwn.size > 1 ? `the last copy went when ${how}` : `${how}, and the record was gone`;
    };
    const elections = this.#elections(ackedNs);
    for (const change of replicas) {
      while (elections[0] !== undefined && elections[0].timeNs < change.timeNs) {
        const { leader, leaderEpoch, timeNs } = elections.shift()!;
        if (copies.size === 0 || copies.has(leader) || wasOwn.size === 0) continue;
        this.#without.add(timeNs);
        this.point ??= `${brokerName(leader)} was made leader in epoch ${leaderEpoch} without the record, which ${brokersOnly([...copies])} still held`;
      }
      const { timeNs, broker, kind, epoch, logEnd, leading } = change;
      const lane = this.#broker(broker);
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
            this.#add('append', timeNs, lane, `writes it at offset ${this.#offset} (leader, epoch ${epoch})`);
          else {
            const from = this.#broker(this.#leaderAt(timeNs));
            if (from < 0 || from === lane) this.#add('replicate', timeNs, lane, `has a copy`);
            else this.#add('replicate', timeNs, from, `${brokerName(broker)} has copied it`, lane);
          }
        } else if (timeNs > sentNs && leading) {
          if (given.has(epoch)) continue;
          given.add(epoch);
          const other = this.#others.get(epoch) ?? 'another record';
          this.#add('loss', timeNs, lane, `gives offset ${this.#offset} to ${other} (epoch ${epoch})`);
          this.point ??= `${brokerName(broker)} gave offset ${this.#offset} to ${other}, in epoch ${epoch}`;
        }
      } else if (kind === 'cut') {
        const had = holding.get(broker)?.epoch === own;
        end(broker, timeNs);
        if (!had) continue;
        this.#add('loss', timeNs, lane, `cuts its log to ${logEnd}: its copy is gone`);
        lose(broker, `${brokerName(broker)} cut its log at offset ${logEnd}`);
      } else if (kind === 'gone') {
        end(broker, timeNs);
        this.#add('fault', timeNs, lane, `the process of ${brokerName(broker)} is gone`);
      } else if (kind === 'back') {
        this.#back(change, own, copies.has(broker), ackedNs, lose);
      } else if (kind === 'committed' && !committed.has(epoch) && leading && epoch === own) {
        committed.add(epoch);
        this.#add('commit', timeNs, lane, `moves the high watermark past ${this.#offset}: readers may see it`);
      } else if (kind === 'uncommitted' && leading) {
        this.#add('loss', timeNs, lane, `its high watermark stands below ${this.#offset} again`);
      }
    }
    const holders = [...holding].filter(([, { epoch }]) => epoch === own).map(([broker]) => broker);
    for (const broker of [...holding.keys()]) end(broker, null);
    if (displacing !== undefined) {
      const elsewhere = rows.find(({ kind, isWitness }) => kind === 'read' && isWitness)?.offset;
      const where = elsewhere === undefined ? 'is nowhere' : `stands at offset ${elsewhere}`;
      this.point = `offset ${this.#offset} went to ${displacing}; the record that was acknowledged for it ${where}`;
    } else if (!wasHeld && ackedNs !== null && this.#offset >= 0) {
      const leader = this.#leaderAt(ackedNs);
      this.point = `no log ever held the record: ${leader < 0 ? 'the leader' : brokerName(leader)} acknowledged what it had not written`;
    } else if (wasHeld && this.point === null && holders.length > 0 && this.#facts.rule === 'P1') {
      this.point = `the log of ${brokersOnly(holders)} still covers the offset, but what stands there cannot be read`;
    }
  }

  /** A replica is open again: what its disk kept shows what the crash took. */
  #back(
    change: ReplicaChange,
    own: number,
    had: boolean,
    ackedNs: number | null,
    lose: (broker: number, how: string) => void,
  ): void {
    const { timeNs, broker, epoch, logEnd, tornBytes } = change;
    const lane = this.#broker(broker);
    const torn = tornBytes > 0 ? `; recovery cut a torn tail of ${tornBytes} bytes` : '';
    if (epoch === own && own >= 0) {
      this.#add('back', timeNs, lane, `is back, log end ${logEnd}: it still has the record`);
    } else if (had) {
      const how = logEnd === 0 ? 'an empty log' : `log end ${logEnd}${torn}`;
      // A kill leaves the page cache: what is missing then, the process itself has cut.
      const last = this.#facts.faults.findLast(
        ({ brokers, atNs, confirmed }) => confirmed && brokers.includes(broker) && atNs <= timeNs,
      );
      const took = last !== undefined && !['none', 'unavailable'].includes(reachOf(last.kind));
      this.#add(
        'loss',
        timeNs,
        lane,
        `is back with ${how}${took ? '' : ', which it cut as it came'}: its copy is gone`,
      );
      const after = took ? ` after the ${faultName(last)}` : ', cut as it came';
      lose(broker, `${brokerName(broker)} came back with ${how}${after}`);
    } else if (ackedNs !== null && timeNs > ackedNs && this.#offset >= logEnd) {
      this.#add('back', timeNs, lane, `is back with log end ${logEnd}${torn}: it never had the record`);
    } else this.#add('back', timeNs, lane, `is back with log end ${logEnd}${torn}`);
  }

  /** Changes of leader after the acknowledgement. */
  #elections(ackedNs: number | null): ControlEvent[] {
    if (ackedNs === null) return [];
    return this.#facts.control.filter(
      ({ timeNs, leader, leaderEpoch }, index) =>
        timeNs > ackedNs && leader >= 0 && leaderEpoch !== this.#facts.control[index - 1]?.leaderEpoch,
    );
  }

  /** The epoch in which the record was written: of the copy before its acknowledgement, or of the leader then. */
  #ownEpoch(replicas: readonly ReplicaChange[], ackedNs: number | null): number {
    const holds = replicas.filter(({ kind }) => kind === 'holds');
    if (ackedNs === null) return holds[0]?.epoch ?? -1;
    const before = holds.filter(({ timeNs }) => timeNs <= ackedNs).at(-1);
    return before?.epoch ?? this.#epochAt(ackedNs);
  }

  /** Without rows of its own the witness is told by what the rule saw. */
  #evidence(): void {
    const { example } = this.#facts;
    for (const { timeNs, text } of example?.events ?? []) {
      if (timeNs === null) continue;
      const named = this.lanes.findIndex(({ name }) => new RegExp(`\\b${name}\\b`).test(text));
      const producer = this.lanes.findIndex(({ role }) => role === 'producer');
      const lane = named >= 0 ? named : Math.max(0, producer);
      const isLoss = /other records|cut |went from|both lead|ends at/.test(text);
      this.#add(isLoss ? 'loss' : 'other', timeNs, lane, text.replace(/ t=[\d.]+s$/, ''));
    }
  }

  #control(): void {
    const { control } = this.#facts;
    for (const [index, event] of control.entries()) {
      const before = control[index - 1];
      if (before === undefined || event.timeNs < this.#fromNs) continue;
      const isr = `ISR {${event.isr.join(',')}}`;
      if (event.leader === -1 && before.leader !== -1) {
        this.#add('elected', event.timeNs, this.#broker(before.leader), `nobody leads any more; ${isr}`);
      } else if (event.leader !== before.leader || event.leaderEpoch !== before.leaderEpoch) {
        if (event.leader === -1) continue;
        const how = event.unclean ? ', from outside of the ISR' : '';
        const lacks = this.#without.has(event.timeNs);
        this.#add(
          lacks ? 'loss' : 'elected',
          event.timeNs,
          this.#broker(event.leader),
          `leads in epoch ${event.leaderEpoch}${how}${lacks ? ' without the record' : ''}; ${isr}`,
        );
      } else if (event.isr.length < before.isr.length) {
        this.#add('shrink', event.timeNs, this.#broker(event.leader), `${isr}: it waits for fewer replicas now`);
      }
    }
  }

  #faults(): void {
    for (const fault of this.#facts.faults) {
      const { atNs, untilNs, brokers, confirmed } = fault;
      if (!confirmed || (untilNs !== null && untilNs < this.#fromNs)) continue;
      for (const id of brokers) {
        const lane = this.#broker(id);
        if (lane < 0) continue;
        this.#bands.push({ kind: 'fault', lane, fromNs: atNs, untilNs, label: faultName(fault) });
      }
      if (atNs < this.#fromNs - BEFORE_NS) continue;
      const [first] = brokers;
      const lane = first === undefined ? -1 : this.#broker(first);
      this.#add('fault', atNs, lane, `${faultName(fault)} of ${fault.target} (fault ${fault.id})`);
    }
    // What the process' end shows needs no second line beside the fault that ended it.
    const told = this.#moments.filter(({ kind, text }) => kind === 'fault' && !text.startsWith('the process'));
    const isTold = ({ kind, text, lane, timeNs }: Moment): boolean =>
      kind === 'fault' &&
      text.startsWith('the process') &&
      told.some((other) => other.lane === lane && Math.abs(other.timeNs - timeNs) < 50e6);
    for (let index = this.#moments.length - 1; index >= 0; index--) {
      if (isTold(this.#moments[index]!)) this.#moments.splice(index, 1);
    }
  }
}

function lanesOf({ example, rows, replicas, control, faults }: Facts): Lane[] {
  const writers = new Set<string>();
  const readers = new Set<string>();
  if (example?.record !== undefined) writers.add(example.record.writer);
  for (const { kind, actor } of rows) {
    if (kind === 'send' || (kind === 'ack' && writers.size < 2)) writers.add(actor);
    else if (kind === 'read' && readers.size < READERS_MAX) readers.add(actor);
  }
  const texts = (example?.events ?? []).map(({ text }) => text).join(' ');
  // Names of clients end in numbers; the auditor is called what it is.
  for (const [name] of texts.matchAll(/\b(?:consumer|auditor|producer)(?:[-\w]*\w)?/g)) {
    if (name.startsWith('producer')) writers.add(name);
    else readers.add(name);
  }
  if (rows.some(({ kind }) => kind === 'logEnd') && readers.size === 0) readers.add('auditor');
  const brokers = new Set<number>();
  for (const { broker } of replicas) brokers.add(broker);
  for (const { leader, isr } of control) for (const id of [leader, ...isr]) if (id >= 0) brokers.add(id);
  if (brokers.size === 0) for (const { brokers: hit } of faults) for (const id of hit) brokers.add(id);
  return [
    ...[...writers].map((name): Lane => ({ name, role: 'producer' })),
    ...[...brokers].sort((a, b) => a - b).map((id): Lane => ({ name: brokerName(id), role: 'broker' })),
    ...[...readers].map((name): Lane => ({ name, role: 'reader' })),
  ];
}

function brokerName(id: number): string {
  return `broker ${id}`;
}

function brokersText(ids: readonly number[]): string {
  return ids.length === 1 ? `broker ${ids[0]} alone` : `brokers ${ids.join(', ')}`;
}

function brokersOnly(ids: readonly number[]): string {
  return `${ids.length === 1 ? 'broker' : 'brokers'} ${ids.toSorted((a, b) => a - b).join(', ')}`;
}

function faultName({ kind }: LoggedFault): string {
  return kind.replaceAll('-', ' ');
}
