import { figure } from '../figure.ts';
import { page } from '../page.ts';
import { lagText, type RunRecord } from '../run-record.ts';
import { grouped } from '../verdict/tally.ts';

const { text } = page;

export function warnings(record: RunRecord): string {
  const lines: string[] = [];
  const { status, generator } = record;
  if (status.kind === 'failed' || status.kind === 'refused')
    lines.push(`The run ${status.kind === 'failed' ? 'failed' : 'was refused'}: ${status.reason}`);
  if (status.kind === 'interrupted') lines.push('The run was interrupted; what follows was measured until then.');
  if (generator?.state === 'fell behind') {
    lines.push(
      `The load generator fell behind its own schedule${lagText(generator)}: the latencies below are not the system's alone.`,
    );
  }
  return lines.map((line) => `<p class="warning">${text(line)}</p>`).join('\n');
}

export function faults(record: RunRecord): string {
  if (record.faults.length === 0) return '';
  const rows = record.faults.map(
    ({ id, kind, target, at, untilSeconds, confirmed }) =>
      `<tr><td>${text(id)}</td><th scope="row">${text(kind)}</th><td>${text(target)}</td><td class="number">${text(at)}</td><td class="number">${untilSeconds === null ? '–' : `${Number(untilSeconds.toFixed(3))}s`}</td><td>${confirmed ? 'yes' : '<b>no</b>'}</td></tr>`,
  );
  return `<section><h2>Faults</h2><div class="scroll"><table><thead><tr><th>Id</th><th>Kind</th><th>Target</th><th class="number">From</th><th class="number">Until</th><th>Took effect</th></tr></thead><tbody>${rows.join('')}</tbody></table></div></section>`;
}

export function environment(record: RunRecord): string {
  const { environment: machine, sim } = record;
  const pairs: [string, string][] = [
    ['Commit', `${machine.commit.slice(0, 12)}${machine.dirty ? ' with uncommitted changes' : ''}`],
    ['Node', machine.node],
    [
      'Machine',
      [
        `${machine.cores} cores`,
        machine.cpu,
        machine.memoryBytes === undefined ? undefined : `${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB`,
      ]
        .filter((part) => part !== undefined)
        .join(', '),
    ],
  ];
  if (record.generator !== undefined) {
    const { state, achieved, lagMsMax } = record.generator;
    const share = achieved === null ? '' : `, ${(achieved * 100).toFixed(1)} % of the target rate`;
    pairs.push(['Load generator', `${state}${share}, ${figure(lagMsMax)} ms late at most`]);
  }
  if (machine.kernel !== undefined) pairs.push(['Kernel', machine.kernel]);
  if (machine.governor !== undefined) pairs.push(['Governor', machine.governor]);
  if (machine.faultline !== undefined) pairs.push(['Faultline', machine.faultline]);
  if (machine.cluster !== undefined) pairs.push(['Cluster', machine.cluster]);
  if (record.client !== undefined) pairs.push(['Client', `${record.client.package} ${record.client.version}`]);
  pairs.push(['Workload hash', record.workloadHash]);
  if (sim !== undefined) {
    pairs.push(
      ['Simulation', `${grouped(sim.events)} events, ${sim.virtualSeconds} virtual s in ${sim.wallSeconds} s`],
      ['Run hash', sim.hash],
    );
  }
  const terms = pairs.map(([name, value]) => `<div><dt>${name}</dt><dd>${text(value)}</dd></div>`).join('');
  const configs = Object.entries(record.configs).map(
    ([part, config]) =>
      `<tr><th scope="rowgroup" colspan="2">${text(part)}</th></tr>${Object.entries(config)
        .map(([key, value]) => `<tr><td>${text(key)}</td><td>${text(value)}</td></tr>`)
        .join('')}`,
  );
  const table =
    configs.length === 0
      ? ''
      : `<details><summary>Configuration</summary><table class="config"><tbody>${configs.join('')}</tbody></table></details>`;
  return `<section><h2>Environment</h2><dl>${terms}</dl>${table}<details><summary>Workload file</summary><pre>${text(record.workloadText)}</pre></details></section>`;
}

export function replay(record: RunRecord): string {
  const remedy =
    record.remedy === undefined
      ? ''
      : `<p>The same run with the settings that would have kept what was lost:</p><pre class="command">${text(record.remedy)}</pre>`;
  return `<section><h2>Replay</h2><pre class="command">${text(record.replay)}</pre>${remedy}</section>`;
}
