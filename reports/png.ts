import type { RunRecord } from './run-record.ts';
import { type ChartName, renderSvg, type SvgOptions } from './svg.ts';

/** The prebuilt library that draws is not there for this platform. */
export class NoPngError extends Error {
  constructor(reason: string) {
    super(`PNG needs @resvg/resvg-js, which is not installed here (${reason}); SVG and HTML need nothing`);
    this.name = 'NoPngError';
  }
}

/** One chart as PNG, twice as dense as its SVG, without a browser. @throws NoPngError */
export async function renderPng(record: RunRecord, chart: ChartName, options: SvgOptions = {}): Promise<Uint8Array> {
  let library: typeof import('@resvg/resvg-js');
  try {
    library = await import('@resvg/resvg-js');
  } catch (error) {
    throw new NoPngError(error instanceof Error ? error.message.split('\n')[0]! : String(error));
  }
  const svg = await renderSvg(record, chart, options);
  const drawing = new library.Resvg(svg, {
    fitTo: { mode: 'zoom', value: 2 },
    font: { loadSystemFonts: true, defaultFontFamily: 'DejaVu Sans' },
  });
  return drawing.render().asPng();
}
