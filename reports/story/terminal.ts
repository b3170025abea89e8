import { styleText } from 'node:util';
import { verdictWord } from '../labels.ts';
import { wrapped } from '../wrapped.ts';
import type { Band, Lane, Moment, MomentKind, Story } from './story.ts';

export interface StoryTextOptions {
  /** Escape codes: only where a person looks at a terminal. */
  readonly color: boolean;
  /** At least 60; the drawing and its words share it. */
  readonly columns: number;
}

type Tone = 'fail' | 'allowed' | 'good' | 'strong' | 'muted' | 'fault';
type Paint = (tone: Tone, text: string) => string;

const FORMATS: Readonly<Record<Tone, Parameters<typeof styleText>[0]>> = {
  fail: ['red', 'bold'],
  allowed: ['yellow'],
  good: ['green'],
  strong: ['bold'],
  muted: ['dim'],
  fault: ['magenta'],
};

/** One sign for each kind of moment: colour only says it again. */
const SIGNS: Readonly<Record<MomentKind, string>> = {
  send: '●',
  append: '■',
  replicate: '■',
  commit: '▲',
  ack: '●',
  read: '○',
  elected: '★',
  shrink: '▽',
  fault: '↯',
  back: '↑',
  loss: '✗',
  other: '·',
};

const TIME_COLUMNS = 12;
const COLUMNS_MIN = 60;
const TEXT_MIN = 36;
const PITCH_MAX = 12;

/** The story as lines: finding first, then brokers and clients as lanes with time downward, the broken rule last. */
export function storyText(story: Story, options: StoryTextOptions): string {
  const columns = Math.max(COLUMNS_MIN, options.columns);
  const paint: Paint = (tone, text) =>
    options.color ? styleText(FORMATS[tone], text, { validateStream: false }) : text;
  const tone = story.result === 'fail' ? 'fail' : 'allowed';
  const word = verdictWord(story.result);
  const finding = wrapped(story.finding.replace(/; replay: .*$/, ''), columns);
  const head = finding[0]!.startsWith(word)
    ? [paint(tone, word) + finding[0]!.slice(word.length), ...finding.slice(1)]
    : finding;
  const blocks = [head];
  if (story.witness !== null) {
    const where = story.partition === null ? '' : `, partition ${story.partition}`;
    blocks.push(wrapped(`The life of ${story.witness}${where}:`, columns));
  }
  if (story.moments.length > 0 && story.lanes.length > 0) {
    blocks.push([...drawing(story, columns, paint), '', ...legend(story, columns, paint)]);
  }
  if (story.source === 'history') {
    blocks.push(
      wrapped(
        'Told from what clients saw and the fault log says: nobody looked into the brokers of this run.',
        columns,
      ).map((line) => paint('muted', line)),
    );
  }
  const ends: [string, string][] = [];
  if (story.point !== null) ends.push(['lost at', `${story.point}.`]);
  ends.push([story.result === 'fail' ? 'broken' : 'rule', `${story.rule} ${story.name}. ${story.meaning}`]);
  ends.push(['clause', story.clause]);
  blocks.push(
    ends.flatMap(([name, text]) =>
      wrapped(text, columns - 9).map((line, index) => `${paint('strong', (index === 0 ? name : '').padEnd(9))}${line}`),
    ),
  );
  // A command stays whole, so that it can be copied.
  blocks.push([`${paint('strong', 'replay'.padEnd(9))}${story.replay}`]);
  return `${blocks.map((block) => block.join('\n')).join('\n\n')}\n`;
}

interface Grid {
  readonly lanes: readonly Lane[];
  /** Column of each lane's line. */
  readonly at: readonly number[];
  readonly width: number;
}

/** Lanes as wide as their names, narrower where the words would have no room. */
function gridOf(lanes: readonly Lane[], columns: number): Grid {
  const longest = Math.max(...lanes.map(({ name }) => name.length));
  const room = Math.floor((columns - TIME_COLUMNS - TEXT_MIN) / lanes.length);
  const pitch = Math.max(4, Math.min(longest + 2, PITCH_MAX, room));
  return { lanes, at: lanes.map((_, index) => index * pitch + Math.floor(pitch / 2)), width: pitch * lanes.length };
}

function drawing(story: Story, columns: number, paint: Paint): string[] {
  const grid = gridOf(story.lanes, columns);
  const lines: string[] = header(grid, paint);
  const rest = columns - TIME_COLUMNS - grid.width - 1;
  let before: number | null = null;
  for (const moment of story.moments) {
    if (before !== null && moment.timeNs - before > 500e6) {
      lines.push(' '.repeat(TIME_COLUMNS) + row(grid, story.bands, moment.timeNs - 1, null, paint, '⋮'));
    }
    before = moment.timeNs;
    const tone = toneOf(moment);
    const words = wrapped(sentence(story, moment), rest);
    lines.push(
      `${paint('muted', timeText(moment.timeNs))}${row(grid, story.bands, moment.timeNs, moment, paint)} ${tone === null ? words[0]! : paint(tone, words[0]!)}`,
    );
    for (const more of words.slice(1)) {
      const beside = row(grid, story.bands, moment.timeNs, null, paint);
      lines.push(`${' '.repeat(TIME_COLUMNS)}${beside} ${tone === null ? more : paint(tone, more)}`);
    }
  }
  return lines.map((line) => line.trimEnd());
}

/** Names above their lanes; staggered over two lines where they would touch. */
function header({ lanes, at, width }: Grid, paint: Paint): string[] {
  const pitch = (at[1] ?? width) - (at[0] ?? 0);
  const fits = lanes.every(({ name }) => name.length < pitch);
  const levels = fits ? 1 : Math.min(3, Math.ceil(Math.max(...lanes.map(({ name }) => name.length + 1)) / pitch));
  const rows = Array.from({ length: levels }, () => Array.from({ length: width + 24 }, () => ' '));
  for (const [index, { name }] of lanes.entries()) {
    const level = rows[index % levels]!;
    const from = Math.max(0, at[index]! - Math.floor(name.length / 2));
    for (const [place, letter] of [...name].entries()) level[from + place] = letter;
  }
  return rows.map((cells, index) => {
    const left = index === rows.length - 1 ? 'seconds'.padStart(TIME_COLUMNS - 2).padEnd(TIME_COLUMNS) : '';
    return paint('strong', (left.padEnd(TIME_COLUMNS) + cells.join('')).trimEnd());
  });
}

/** One line of all lanes at a time, with the moment's sign and arrow in it. */
function row(
  { at, width, lanes }: Grid,
  bands: readonly Band[],
  timeNs: number,
  moment: Moment | null,
  paint: Paint,
  idle = '│',
): string {
  const cells: [string, Tone | null][] = Array.from({ length: width }, () => [' ', null]);
  for (const [lane, place] of at.entries()) {
    const isIn = ({ lane: of, fromNs, untilNs }: Band): boolean =>
      of === lane && fromNs <= timeNs && (untilNs === null || timeNs < untilNs);
    const isHit = bands.some((band) => band.kind === 'fault' && isIn(band));
    const holds = bands.some((band) => band.kind === 'holds' && isIn(band));
    if (isHit) {
      cells[place - 1] = ['░', 'fault'];
      cells[place + 1] = ['░', 'fault'];
    }
    cells[place] = holds ? ['┃', 'good'] : isHit ? ['░', 'fault'] : [idle, 'muted'];
  }
  if (moment !== null) {
    const from = at[moment.lane]!;
    const tone = toneOf(moment);
    if (moment.to !== undefined) {
      const to = at[moment.to]!;
      const [low, high] = from < to ? [from, to] : [to, from];
      for (let place = low + 1; place < high; place++) cells[place] = ['─', tone];
      cells[to + (from < to ? -1 : 1)] = [from < to ? '▶' : '◀', tone];
      if (moment.kind === 'replicate' && lanes[moment.to]?.role === 'broker') cells[to] = ['■', tone];
    }
    if (moment.kind !== 'replicate' || moment.to === undefined) cells[from] = [SIGNS[moment.kind], tone];
  }
  let text = '';
  for (const [letter, tone] of cells) text += tone === null ? letter : paint(tone, letter);
  return text;
}

function toneOf({ kind }: Moment): Tone | null {
  if (kind === 'loss') return 'fail';
  if (kind === 'fault') return 'fault';
  if (kind === 'append' || kind === 'replicate' || kind === 'commit') return 'good';
  return kind === 'elected' ? 'strong' : null;
}

/** A moment's words, with who it happened to where they do not say it. */
export function sentence({ lanes }: Story, { lane, text }: Moment): string {
  const name = lanes[lane]!.name;
  return text.startsWith('broker ') || /^[a-z ]+ of /.test(text) ? text : `${name} ${text}`;
}

function legend({ bands, moments }: Story, columns: number, paint: Paint): string[] {
  const has = (kind: MomentKind): boolean => moments.some((moment) => moment.kind === kind);
  const parts: string[] = [];
  if (bands.some(({ kind }) => kind === 'holds')) parts.push('┃ holds the record');
  if (bands.some(({ kind }) => kind === 'fault')) parts.push('░ hit by a fault');
  if (has('append') || has('replicate')) parts.push('■ written');
  if (has('commit')) parts.push('▲ committed');
  if (has('elected')) parts.push('★ leads');
  if (has('loss')) parts.push('✗ lost');
  if (has('read')) parts.push('○ read');
  return wrapped(parts.join('   '), columns).map((line) => paint('muted', line));
}

/** "     1.034 210": seconds, microseconds after the thin gap. */
export function timeText(ns: number): string {
  const [whole = '0', fraction = '000000'] = (ns / 1e9).toFixed(6).split('.');
  return `${whole}.${fraction.slice(0, 3)} ${fraction.slice(3)}`.padStart(TIME_COLUMNS - 2).padEnd(TIME_COLUMNS);
}
