import type { Campaign } from './campaign.ts';
import type { SeedResult } from './campaign-worker.ts';

/** One test a seed: what failed is a failure, what is unknown or broke down is an error. */
export function campaignJunit(name: string, campaign: Campaign, replayOf: (result: SeedResult) => string): string {
  const cases = campaign.results.map((result) => {
    const head = `<testcase classname="${text(name)}" name="seed ${result.seed}"`;
    const { judgement, error, determinism, sentence } = result;
    const detail = text(replayOf(result));
    if (judgement === 'fail') return `${head}><failure message="${text(sentence)}">${detail}</failure></testcase>`;
    if (determinism?.kind === 'different') {
      return `${head}><failure message="two runs differ from event ${determinism.index} on">${detail}</failure></testcase>`;
    }
    if (judgement === 'unknown' || error !== null) {
      return `${head}><error message="${text(error ?? sentence)}">${detail}</error></testcase>`;
    }
    return `${head}/>`;
  });
  const count = (tag: string): number => cases.filter((each) => each.includes(`<${tag} `)).length;
  const counts = `tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n<testsuite name="${text(name)}" ${counts}>\n${cases.join('\n')}\n</testsuite>\n</testsuites>\n`;
}

function text(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
