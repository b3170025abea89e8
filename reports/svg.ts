import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { chartData, latencyOf } from './chart-data.ts';
import bands from './charts/bands.vl.json' with { type: 'json' };
import heat from './charts/heat.vl.json' with { type: 'json' };
import latency from './charts/latency.vl.json' with { type: 'json' };
import overlay from './charts/overlay.vl.json' with { type: 'json' };
import search from './charts/search.vl.json' with { type: 'json' };
import spectrum from './charts/spectrum.vl.json' with { type: 'json' };
import telemetry from './charts/telemetry.vl.json' with { type: 'json' };
import timeline from './charts/timeline.vl.json' with { type: 'json' };
import type { RunRecord } from './run-record.ts';
import { telemetryChartData } from './telemetry.ts';

export type ChartName = 'spectrum' | 'timeline' | 'overlay' | 'search' | 'telemetry';

export interface SvgOptions {
  /** Width of the plot in pixels, without its axis. */
  readonly width?: number;
  /** The run that `overlay` draws beside this one. */
  readonly against?: RunRecord;
  /** `page`: colours are CSS variables of the report; else they stand in the SVG, on the ground of that theme. */
  readonly theme?: 'light' | 'dark' | 'page';
}

/**
 * Colours by role: the literal that the specs use, then light and dark. Okabe and Ito's palette, with the dark ground's
 * blue and vermilion raised so that both keep 3:1 against it; dashes and shapes tell the lines apart as well.
 */
const COLOURS = {
  ink: ['#333333', '#333333', '#d6d9de'],
  muted: ['#555555', '#5c6470', '#9aa3af'],
  grid: ['#dddddd', '#e3e6ea', '#2c323a'],
  shade: ['#888888', '#7d8590', '#aab2bd'],
  blue: ['#0072b2', '#0072b2', '#58a6e0'],
  sky: ['#56b4e9', '#56b4e9', '#8ecdf2'],
  orange: ['#e69f00', '#d48f00', '#f0b429'],
  vermilion: ['#d55e00', '#d55e00', '#ff8a4c'],
  green: ['#009e73', '#009e73', '#2cc295'],
  purple: ['#cc79a7', '#b8608f', '#d98bb8'],
} as const;
const GROUND = { light: '#ffffff', dark: '#14171c' } as const;

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

/** One chart of a record as SVG text, without a browser. */
export async function renderSvg(record: RunRecord, chart: ChartName, options: SvgOptions = {}): Promise<string> {
  const width = options.width ?? 760;
  const theme = options.theme ?? 'light';
  const spec = {
    ...specOf(chart, record),
    datasets: chartData(record, width, options.against),
    padding: 4,
    background: theme === 'page' ? 'transparent' : GROUND[theme],
    config: configOf(width),
  };
  const view = new View(parse(compile(spec as unknown as TopLevelSpec).spec), { renderer: 'none' });
  try {
    return coloured(await view.toSVG(), theme);
  } finally {
    view.finalize();
  }
}

/** A spec with its data in it, for a page. */
export async function renderSpec(spec: Record<string, unknown>, width: number): Promise<string> {
  const whole = { ...spec, padding: 4, background: 'transparent', config: configOf(width) };
  const view = new View(parse(compile(whole as unknown as TopLevelSpec).spec), { renderer: 'none' });
  try {
    return coloured(await view.toSVG(), 'page');
  } finally {
    view.finalize();
  }
}

/** The CSS that the `page` theme refers to. */
export function colourVariables(theme: 'light' | 'dark'): string {
  const column = theme === 'light' ? 1 : 2;
  return Object.entries(COLOURS)
    .map(([name, shades]) => `--chart-${name}:${shades[column]}`)
    .join(';');
}

type Panel = { title?: string; layer?: { name?: string }[] } & Record<string, unknown>;

interface Scaled {
  scale?: { domain: string[]; range: unknown[] };
}

/** The timeline's panels share their bands and latency lines, which stand in files of their own. */
function specOf(chart: ChartName, record: RunRecord): Record<string, unknown> {
  if (chart === 'overlay') return structuredClone(overlay);
  if (chart === 'search') return structuredClone(search);
  if (chart === 'telemetry') return telemetryOf(record);
  if (chart === 'spectrum') {
    const whole = structuredClone(spectrum);
    const isDrawn = (metric: string) =>
      (record.spectra[metric === 'publish' ? 'publish' : 'endToEnd']?.length ?? 0) > 0;
    for (const { encoding } of whole.layer as { encoding: { color?: Scaled; strokeDash?: Scaled } }[]) {
      for (const channel of [encoding.color, encoding.strokeDash]) {
        if (channel?.scale !== undefined) keepDrawn(channel.scale, isDrawn);
      }
    }
    return whole;
  }
  const whole = structuredClone(timeline) as unknown as { vconcat: Panel[] } & Record<string, unknown>;
  const hasHeat = (name: 'publish' | 'endToEnd') => record.series.some((point) => (point[name]?.bins?.length ?? 0) > 0);
  const isShown = (panel: Panel) =>
    !(
      (panel.title === 'Publish latency, heat map, ms' && !hasHeat('publish')) ||
      (panel.title === 'End-to-end latency, heat map, ms' && !hasHeat('endToEnd')) ||
      (panel.title === 'Faults' && record.faults.length === 0) ||
      (panel.title === 'End-to-end latency, ms' && record.series.every((point) => point.endToEnd === undefined)) ||
      (panel.title === 'Backlog, records' && record.series.every((point) => point.backlog === undefined))
    );
  whole.vconcat = whole.vconcat
    .filter(isShown)
    .map((panel) => ({ ...panel, layer: (panel.layer ?? []).map((layer) => inserted(layer, record)) }));
  showTime(whole.vconcat.at(-1)!);
  return whole;
}

/** Only panels that have something to show: of somebody else's brokers nothing is known. */
function telemetryOf(record: RunRecord): Record<string, unknown> {
  const whole = structuredClone(telemetry) as unknown as { vconcat: (Panel & { data: { name: string } })[] };
  const data = telemetryChartData(record);
  whole.vconcat = whole.vconcat.filter((panel) => (data[panel.data.name]?.length ?? 0) > 0);
  return whole as unknown as Record<string, unknown>;
}

function inserted(layer: { name?: string }, record: RunRecord): object {
  if (layer.name?.startsWith('bands-') === true) return structuredClone({ layer: bands.layer });
  if (layer.name?.startsWith('heat-') === true) return { ...structuredClone(heat), data: { name: layer.name } };
  if (layer.name?.startsWith('latency-') !== true) return layer;
  const { mark, encoding } = structuredClone(latency);
  const points = record.series.map((point) => (layer.name === 'latency-publish' ? point.publish : point.endToEnd));
  const drawn = new Set(points.flatMap((point) => latencyOf(0, point).map(({ series }) => series)));
  const isDrawn = (series: string) => drawn.has(series);
  keepDrawn(encoding.color.scale, isDrawn);
  keepDrawn(encoding.strokeDash.scale, isDrawn);
  return { data: { name: layer.name }, mark, encoding };
}

/** A legend names what is drawn, and each line keeps its colour. */
function keepDrawn(scale: { domain: string[]; range: unknown[] }, isDrawn: (series: string) => boolean): void {
  scale.range = scale.range.filter((_, index) => isDrawn(scale.domain[index]!));
  scale.domain = scale.domain.filter(isDrawn);
}

/** Only the last panel prints the time. */
function showTime(panel: Panel): void {
  for (const layer of (panel.layer ?? []) as { encoding?: { x?: { axis?: unknown } } }[]) {
    if (layer.encoding?.x?.axis !== undefined) {
      layer.encoding.x.axis = { labelExpr: "datum.value + ' s'", labelFlush: true };
    }
  }
}

function configOf(width: number): object {
  const isNarrow = width < 400;
  return {
    font: FONT,
    view: { stroke: null, continuousWidth: width },
    axis: {
      labelColor: COLOURS.muted[0],
      titleColor: COLOURS.muted[0],
      gridColor: COLOURS.grid[0],
      domainColor: COLOURS.grid[0],
      tickColor: COLOURS.grid[0],
      labelFontSize: 11,
      domain: false,
    },
    axisX: { grid: false, tickCount: isNarrow ? 5 : 10 },
    axisY: { ticks: false, minExtent: 44, labelPadding: 6 },
    legend: {
      labelColor: COLOURS.ink[0],
      labelFontSize: 11,
      symbolSize: 160,
      offset: 4,
      columnPadding: isNarrow ? 8 : 14,
    },
    title: { color: COLOURS.ink[0], anchor: 'start', fontSize: 12, fontWeight: 600, offset: 4, frame: 'group' },
  };
}

/** The literals of the specs as colours of a theme. */
export function coloured(svg: string, theme: 'light' | 'dark' | 'page'): string {
  const shades = new Map<string, string>();
  for (const [name, [literal, light, dark]] of Object.entries(COLOURS)) {
    shades.set(literal, theme === 'page' ? `var(--chart-${name})` : theme === 'light' ? light : dark);
  }
  return svg.replaceAll(/"(#[0-9a-f]{6})"/g, (whole, literal: string) => {
    const shade = shades.get(literal);
    return shade === undefined ? whole : `"${shade}"`;
  });
}
