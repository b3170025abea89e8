import { coloured, type SvgOptions } from '../svg.ts';
import { wrapped } from '../wrapped.ts';
import type { Band, Moment, MomentKind, Story } from './story.ts';
import { sentence, timeText } from './terminal.ts';

const FONT = 'system-ui, -apple-system, &quot;Segoe UI&quot;, Roboto, &quot;Helvetica Neue&quot;, Arial, sans-serif';
const MONO = 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace';
const HEAD = 46;
const ROW = 30;
const LINE = 16;
/** Below this width words stand under their row, not beside it. */
const NARROW_MAX = 560;
/** Width of a letter, on average, of the words' size. */
const LETTER = 7;
/** How much wider heavy letters are. */
const HEAVY = 1.1;

/** Literals of svg.ts, which `coloured` makes those of the theme. */
const INK = '#333333';
const MUTED = '#555555';
const GRID = '#dddddd';
const COLOUR: Readonly<Record<MomentKind, string>> = {
  send: '#0072b2',
  append: '#009e73',
  replicate: '#009e73',
  commit: '#009e73',
  ack: '#0072b2',
  read: '#0072b2',
  elected: '#e69f00',
  shrink: '#e69f00',
  fault: INK,
  back: MUTED,
  loss: '#d55e00',
  other: MUTED,
};

interface Place {
  readonly moment: Moment;
  readonly y: number;
  readonly lines: readonly string[];
}

/** A space-time diagram: lanes side by side, time downward, each moment with its words. Shapes tell what colours tell. */
export function renderStorySvg(story: Story, options: Pick<SvgOptions, 'width' | 'theme'> = {}): string {
  const width = options.width ?? 900;
  const theme = options.theme ?? 'light';
  const isNarrow = width < NARROW_MAX;
  const timeWidth = isNarrow ? 0 : 86;
  const laneWidth = isNarrow
    ? width / Math.max(1, story.lanes.length)
    : Math.min(92, (width * 0.52) / Math.max(1, story.lanes.length));
  const x = (lane: number): number => round(timeWidth + laneWidth * (lane + 0.5));
  const lanesEnd = timeWidth + laneWidth * story.lanes.length;
  const textX = isNarrow ? 4 : lanesEnd + 14;
  const letters = Math.max(16, Math.floor((width - textX - 4) / LETTER));
  const places: Place[] = [];
  let y = HEAD + 22;
  for (const moment of story.moments) {
    const words = isNarrow
      ? `${timeText(moment.timeNs).trim()} s  ${sentence(story, moment)}`
      : sentence(story, moment);
    const lines = wrapped(words, moment.kind === 'loss' ? Math.floor(letters / HEAVY) : letters);
    places.push({ moment, y, lines });
    y += isNarrow ? ROW + lines.length * LINE : Math.max(ROW, lines.length * LINE + 10);
  }
  const height = round(y + 4);
  const yOf = (timeNs: number | null): number => {
    if (timeNs === null) return height;
    return places.find(({ moment }) => moment.timeNs >= timeNs)?.y ?? height;
  };
  const ground = theme === 'page' ? 'var(--ground)' : theme === 'dark' ? '#14171c' : '#ffffff';
  const parts = [
    ...story.lanes.map((lane, index) => laneHead(lane.name, x(index), laneWidth, height)),
    ...story.bands.map((band) => bandRect(band, x(band.lane), yOf, places, height)),
    ...places.map((place) => moment(place, x, { textX, isNarrow, timeWidth, ground })),
  ];
  const label = `${story.rule} ${story.name}: ${story.point ?? story.finding}`;
  const paper = theme === 'page' ? '' : `<rect width="${width}" height="${height}" fill="${ground}"/>`;
  const drawn = `<g font-family="${FONT}" font-size="13">${parts.join('')}</g>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(label)}">${paper}${coloured(drawn, theme)}</svg>`;
}

function laneHead(name: string, x: number, width: number, height: number): string {
  // A long name is cut in two at a hyphen or a space, and shrinks before it meets its neighbour.
  const middle = name.length * 7.4 > width ? name.search(/[- ]/) : -1;
  const lines = middle < 0 ? [name] : [name.slice(0, middle), name.slice(middle + 1)];
  const size = Math.max(8.5, Math.min(12.5, (width - 4) / (Math.max(...lines.map((line) => line.length)) * 0.62)));
  const texts = lines.map(
    (line, index) =>
      `<text x="${x}" y="${HEAD - 14 - (lines.length - 1 - index) * 14}" text-anchor="middle" font-weight="600" font-size="${round(size)}" fill="${INK}">${escaped(line)}</text>`,
  );
  return `${texts.join('')}<line x1="${x}" y1="${HEAD - 6}" x2="${x}" y2="${height}" stroke="${GRID}" stroke-width="1.5"/>`;
}

function bandRect(
  band: Band,
  x: number,
  yOf: (timeNs: number | null) => number,
  places: readonly Place[],
  height: number,
): string {
  const top = yOf(band.fromNs);
  const next = places.find(({ y }) => y > top)?.y ?? height;
  const bottom = Math.max(Math.min(yOf(band.untilNs), height), Math.min(next, top + ROW) - 8);
  const title = `<title>${escaped(band.label)}</title>`;
  return band.kind === 'fault'
    ? `<rect x="${x - 13}" y="${top}" width="26" height="${round(bottom - top)}" rx="3" fill="#cc79a7" fill-opacity="0.22" stroke="#cc79a7" stroke-opacity="0.6" stroke-dasharray="3 3">${title}</rect>`
    : `<line x1="${x}" y1="${top}" x2="${x}" y2="${round(bottom)}" stroke="#009e73" stroke-width="6" stroke-linecap="round" stroke-opacity="0.75">${title}</line>`;
}

function moment(
  { moment: { kind, lane, to, timeNs }, y, lines }: Place,
  x: (lane: number) => number,
  layout: { readonly textX: number; readonly isNarrow: boolean; readonly timeWidth: number; readonly ground: string },
): string {
  const { textX, isNarrow, timeWidth, ground } = layout;
  const colour = COLOUR[kind];
  const from = x(lane);
  const parts: string[] = [];
  if (!isNarrow) {
    parts.push(
      `<text x="${timeWidth - 8}" y="${y + 4}" text-anchor="end" font-family="${MONO}" font-size="11.5" fill="${MUTED}">${timeText(timeNs).trim()}</text>`,
    );
  }
  if (to !== undefined) {
    const end = x(to);
    const side = end > from ? -1 : 1;
    parts.push(
      `<line x1="${from}" y1="${y}" x2="${end + side * 12}" y2="${y}" stroke="${colour}" stroke-width="2"/>`,
      `<path d="M${end + side * 5} ${y}l${side * 9} -5v10z" fill="${colour}"/>`,
    );
  }
  if (to !== undefined && kind === 'replicate') parts.push(shape(kind, x(to), y, colour));
  else parts.push(shape(kind, from, y, colour));
  for (const [index, line] of lines.entries()) {
    const top = isNarrow ? y + 20 + index * LINE : y + 4 + index * LINE;
    const weight = kind === 'loss' ? ' font-weight="600"' : '';
    // Words that stand on the lanes keep them off.
    const halo = isNarrow ? ` paint-order="stroke" stroke="${ground}" stroke-width="5" stroke-linejoin="round"` : '';
    parts.push(
      `<text x="${textX}" y="${top}"${weight}${halo} fill="${kind === 'loss' ? colour : INK}">${escaped(line)}</text>`,
    );
  }
  return parts.join('');
}

function shape(kind: MomentKind, x: number, y: number, colour: string): string {
  switch (kind) {
    case 'loss':
      return `<path d="M${x - 7} ${y - 7}l14 14m0 -14l-14 14" stroke="${colour}" stroke-width="3.5" stroke-linecap="round" fill="none"/>`;
    case 'append':
    case 'replicate':
      return `<rect x="${x - 6}" y="${y - 6}" width="12" height="12" fill="${colour}"/>`;
    case 'commit':
      return `<path d="M${x} ${y - 8}l8 14h-16z" fill="${colour}"/>`;
    case 'elected':
      return `<path d="M${x} ${y - 9}l2.6 6 6.4 .5 -4.9 4.2 1.5 6.3 -5.6 -3.4 -5.6 3.4 1.5 -6.3 -4.9 -4.2 6.4 -.5z" fill="${colour}"/>`;
    case 'fault':
      return `<path d="M${x + 3} ${y - 9}l-8 10h5l-3 8 8 -10h-5z" fill="${colour}"/>`;
    case 'read':
      return `<circle cx="${x}" cy="${y}" r="5.5" fill="none" stroke="${colour}" stroke-width="2.5"/>`;
    case 'shrink':
      return `<path d="M${x} ${y + 8}l8 -14h-16z" fill="${colour}"/>`;
    case 'back':
      return `<path d="M${x} ${y - 8}l6 8h-4v8h-4v-8h-4z" fill="${colour}"/>`;
    default:
      return `<circle cx="${x}" cy="${y}" r="5.5" fill="${colour}"/>`;
  }
}

function escaped(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function round(value: number): number {
  return Number(value.toFixed(1));
}
