import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { renderReport } from '../../reports/html.ts';
import { type SyntheticKind, syntheticRecord } from '../../reports/synthetic-record.ts';

/*
 * `npm run browser`: opens reports in a real browser, wide and narrow, light and dark, and holds what it finds against what
 * a reader must be able to rely on. Pictures are kept in .faultline/browser/. Exit 1 when something is wrong.
 */

const FOLDER = join('.faultline', 'browser');
const KINDS: readonly SyntheticKind[] = ['pass', 'allowed', 'unknown', 'fail'];
const VIEWS = [
  { name: 'light', scheme: 'light', width: 1280, height: 900 },
  { name: 'dark', scheme: 'dark', width: 1280, height: 900 },
  { name: 'phone', scheme: 'light', width: 390, height: 844 },
  { name: 'phone-dark', scheme: 'dark', width: 360, height: 740 },
] as const;
/** WCAG AA for text. */
const CONTRAST_MIN = 4.5;

const INSTALLED = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
];

/** A browser of the system, the one that CHROMIUM names, or one that playwright-core downloads. */
function executable(): string {
  const named = process.env.CHROMIUM;
  if (named !== undefined) return named;
  const found = INSTALLED.find((path) => existsSync(path));
  if (found !== undefined) return found;
  if (!existsSync(chromium.executablePath())) {
    const installed = spawnSync('npx', ['playwright-core', 'install', 'chromium'], { stdio: 'inherit' });
    if (installed.status !== 0) throw new Error('no chromium: install one (apt-get install chromium) or set CHROMIUM');
  }
  return chromium.executablePath();
}

const problems: string[] = [];
let checks = 0;

function expect(where: string, what: string, isSo: boolean): void {
  checks++;
  if (!isSo) problems.push(`${where}: ${what}`);
}

mkdirSync(FOLDER, { recursive: true });
const browser = await chromium.launch({ executablePath: executable(), args: ['--no-sandbox'] });
try {
  for (const kind of KINDS) await checkReport(browser, kind);
} finally {
  await browser.close();
}
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.stdout.write(`${checks} checks, ${problems.length} failed; pictures in ${FOLDER}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;

async function checkReport(browser: Browser, kind: SyntheticKind): Promise<void> {
  const record = syntheticRecord(kind);
  const file = resolve(FOLDER, `${kind}.html`);
  const before = { ...record, id: 'earlier-run' };
  writeFileSync(file, await renderReport(record, kind === 'pass' ? before : undefined));
  for (const { name, scheme, width, height } of VIEWS) {
    const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height } });
    try {
      const page = await context.newPage();
      const where = `${kind} ${name}`;
      const requests: string[] = [];
      const complaints: string[] = [];
      page.on('request', (request) => requests.push(request.url()));
      page.on('console', (message) => complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(error.message));
      await page.goto(pathToFileURL(file).href);
      expect(where, `asked for ${requests.slice(1).join(', ')}`, requests.length === 1);
      expect(where, `said ${complaints.join('; ')}`, complaints.length === 0);
      await checkPage(page, where, record.verdict.result, width);
      await page.screenshot({ path: join(FOLDER, `${kind}-${name}.png`), fullPage: true });
    } finally {
      await context.close();
    }
  }
}

interface Seen {
  readonly overflow: number;
  readonly word: string;
  readonly wordTop: number;
  readonly figures: { readonly shown: number; readonly width: number }[];
  readonly faint: { readonly text: string; readonly contrast: number }[];
  readonly small: number;
}

async function checkPage(page: Page, where: string, result: string, width: number): Promise<void> {
  const seen = await page.evaluate(look, CONTRAST_MIN);
  expect(where, `is ${seen.overflow} px wider than the window`, seen.overflow <= 0);
  expect(where, `says ${seen.word} first`, seen.word === result.toUpperCase() && seen.wordTop < 200);
  expect(where, `shows ${seen.figures.length} drawings`, seen.figures.length >= 2);
  for (const figure of seen.figures) {
    expect(where, `shows ${figure.shown} forms of one drawing`, figure.shown === 1);
    expect(where, `draws ${figure.width} px wide`, figure.width > width * 0.5 && figure.width <= width);
  }
  for (const { text, contrast } of seen.faint)
    expect(where, `"${text}" has a contrast of ${contrast.toFixed(2)}`, false);
  expect(where, `has ${seen.small} texts below 9 px in its drawings`, seen.small === 0);
}

/** Runs in the page. */
function look(contrastMin: number): Seen {
  const luminance = (colour: string): number => {
    const [r = 0, g = 0, b = 0] = (colour.match(/[\d.]+/g) ?? []).map(Number).map((value) => {
      const share = value / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const groundOf = (element: Element): string => {
    for (let at: Element | null = element; at !== null; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!colour.startsWith('rgba(0, 0, 0, 0')) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const faint: { text: string; contrast: number }[] = [];
  for (const element of document.querySelectorAll('h1,h2,p,th,td,dt,dd,summary,figcaption,li span,li b,pre')) {
    const text = element.textContent?.trim() ?? '';
    if (text === '' || element.getClientRects().length === 0) continue;
    const [a, b] = [getComputedStyle(element).color, groundOf(element)].map(luminance) as [number, number];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < contrastMin) faint.push({ text: text.slice(0, 40), contrast });
  }
  const figures = [...document.querySelectorAll('figure')].map((figure) => {
    const drawings = [...figure.querySelectorAll('svg')].filter((svg) => svg.getClientRects().length > 0);
    return { shown: drawings.length, width: drawings[0]?.getBoundingClientRect().width ?? 0 };
  });
  const small = [...document.querySelectorAll('figure svg text')].filter((text) => {
    const box = text.getBoundingClientRect();
    return box.width > 0 && text.textContent !== '' && Math.max(box.height, box.width) < 9 && box.height < 9;
  }).length;
  const word = document.querySelector('.word strong');
  return {
    overflow: document.documentElement.scrollWidth - window.innerWidth,
    word: word?.textContent ?? '',
    wordTop: word?.getBoundingClientRect().top ?? 1e9,
    figures,
    faint,
    small,
  };
}
