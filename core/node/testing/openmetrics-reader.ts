/**
 * A reader of OpenMetrics text that takes nothing which the specification (OpenMetrics 1.0, "Text format" and "Data
 * model") forbids: a scraper that is strict is the one to be ready for.
 */
export interface ReadFamily {
  readonly name: string;
  type: string;
  unit: string;
  readonly samples: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly value: number;
  }[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const NUMBER = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|NaN|[+-]Inf)$/;
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ['_total', '_created'],
  gauge: [''],
  summary: ['', '_count', '_sum', '_created'],
};

/** Throws Error naming the line and the rule that it breaks. */
export function readOpenMetrics(text: string): ReadFamily[] {
  if (!text.endsWith('# EOF\n')) throw new Error('the text does not end with "# EOF" and a line feed');
  const families = new Map<string, ReadFamily>();
  const seen = new Set<string>();
  let current: ReadFamily | null = null;
  const lines = text.slice(0, -1).split('\n');
  lines.forEach((line, index) => {
    const fail = (rule: string): never => {
      throw new Error(`line ${index + 1}: ${rule}: ${line}`);
    };
    if (line === '# EOF') {
      if (index !== lines.length - 1) fail('nothing may follow # EOF');
      return;
    }
    const meta = /^# (TYPE|HELP|UNIT) (\S+) ?(.*)$/.exec(line);
    if (meta !== null) {
      const [, kind, name, rest] = meta as unknown as [string, string, string, string];
      if (!NAME.test(name)) fail('a metric name has only letters, digits, _ and :');
      if (current?.name !== name) {
        if (families.has(name)) fail('the lines of a family stand together');
        current = { name, type: 'unknown', unit: '', samples: [] };
        families.set(name, current);
      }
      if (current.samples.length > 0) fail('metadata comes before the samples');
      if (kind === 'TYPE') {
        if (SUFFIXES[rest] === undefined) fail('an unknown type');
        if (rest === 'counter' && name.endsWith('_total')) fail('a counter family has no _total in its name');
        current.type = rest;
      }
      if (kind === 'UNIT') {
        if (rest === '' || !name.endsWith(`_${rest}`)) fail('a unit is the end of the name');
        current.unit = rest;
      }
      if (kind === 'HELP' && rest.replaceAll(/\\[n\\"]/g, '').includes('\\'))
        fail('only \\n, \\\\ and \\" are escapes');
      return;
    }
    if (line.startsWith('#')) fail('no comments but TYPE, HELP, UNIT and EOF');
    const sample = /^([^{ ]+)(\{.*\})? (\S+)$/.exec(line) ?? fail('a sample is a name, labels, a blank and a number');
    const [, name, braces = '{}', number] = sample as unknown as [string, string, string | undefined, string];
    const family: ReadFamily = current ?? fail('a sample needs a TYPE before it');
    const suffix = SUFFIXES[family.type]!.find((end) => name === family.name + end);
    if (suffix === undefined) fail(`no sample name of a ${family.type} called ${family.name}`);
    if (!NUMBER.test(number)) fail('no number');
    const labels = labelsOf(braces, fail);
    if (family.type === 'summary' && suffix === '') {
      const quantile = Number(labels.quantile);
      if (!(quantile >= 0 && quantile <= 1)) fail('a quantile lies between 0 and 1');
    } else if ('quantile' in labels) fail('quantile is a label of summaries');
    const value = Number(number.replace('Inf', 'Infinity'));
    if (family.type === 'counter' && !(value >= 0)) fail('a counter is never negative');
    if (suffix === '_count' && !Number.isInteger(value)) fail('a count is whole');
    const key = `${name} ${JSON.stringify(Object.entries(labels).sort())}`;
    if (seen.has(key)) fail('the same sample twice');
    seen.add(key);
    family.samples.push({ name, labels, value });
  });
  return [...families.values()];
}

function labelsOf(braces: string, fail: (rule: string) => never): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = braces.slice(1, -1);
  while (rest !== '') {
    const pair =
      /^([^=]+)="((?:[^"\\\n]|\\[n\\"])*)"(?:,(?!$)|$)/.exec(rest) ?? fail('labels are name="value", joined by commas');
    const [whole, name, value] = pair as unknown as [string, string, string];
    if (!LABEL.test(name)) fail('a label name has only letters, digits and _');
    if (name in labels) fail('a label twice');
    labels[name] = value.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
    rest = rest.slice(whole.length);
  }
  return labels;
}
