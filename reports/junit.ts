import type { RunRecord } from './run-record.ts';
import { findingOf, lineOf } from './verdict/tally.ts';

/**
 * Verdict and thresholds as JUnit XML, which CI systems show: one test a rule and one a threshold. What is `allowed`
 * passes, with its clause as output; what is `unknown` is an error, for it neither passed nor failed.
 */
export function junitOf(record: RunRecord): string {
  const rules = record.verdict.rules.map((rule) => {
    const line = lineOf(rule.rule, null, rule, rule.examples[0], record.replay);
    const name = `${rule.rule} ${rule.name}`;
    if (rule.result === 'fail')
      return testCase(record, 'verdict', name, problem('failure', findingOf(rule.rule, rule), line));
    if (rule.result === 'unknown')
      return testCase(record, 'verdict', name, problem('error', rule.reason ?? 'unknown', line));
    return testCase(record, 'verdict', name, rule.result === 'allowed' ? `<system-out>${text(line)}</system-out>` : '');
  });
  const thresholds = record.expect.map(({ name, limit, actual, ok }) => {
    if (ok) return testCase(record, 'threshold', name, '');
    const message = `expected ${limit}, found ${actual ?? 'no figure'}`;
    const isDecided = actual !== null && actual !== 'unknown';
    return testCase(record, 'threshold', name, problem(isDecided ? 'failure' : 'error', message, record.replay));
  });
  const cases = [...rules, ...thresholds];
  const count = (tag: string) => cases.filter((each) => each.includes(`<${tag} `)).length;
  const counts = `tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}"`;
  const suite = `<testsuite name="${text(record.workload)}" ${counts} timestamp="${text(record.startedAt)}">`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suite}\n${cases.join('\n')}\n</testsuite>\n</testsuites>\n`;
}

function testCase(record: RunRecord, kind: string, name: string, body: string): string {
  return `<testcase classname="${text(record.workload)}.${kind}" name="${text(name)}">${body}</testcase>`;
}

function problem(tag: 'failure' | 'error', message: string, detail: string): string {
  return `<${tag} message="${text(message)}">${text(detail)}</${tag}>`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** XML 1.0 knows no control characters beside tab and line ends, not even escaped. */
function text(value: string): string {
  let clean = '';
  for (const character of value) {
    const code = character.codePointAt(0)!;
    const isText = code >= 32 ? code < 0xd800 || code > 0xdfff : code === 9 || code === 10 || code === 13;
    clean += isText && code !== 0xfffe && code !== 0xffff ? (ESCAPES[character] ?? character) : '\ufffd';
  }
  return clean;
}
