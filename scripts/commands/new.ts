import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { EXIT } from '../../reports/run-record.ts';
import { nearest } from '../../workloads/nearest.ts';
import { CommandError } from '../exit.ts';
import { packageRoot } from '../package.ts';

export function registerNew(program: Command): void {
  program
    .command('new')
    .argument('[file]', 'the workload file to write, such as orders.yaml')
    .description('Start a workload file from one of the ready ones; without a file name, list them.')
    .option('--from <name>', 'the ready workload to start from', 'quickstart')
    .addHelpText('after', '\nExample:\n  bench new orders.yaml --from latency')
    .action((file: string | undefined, { from }: { from: string }) => {
      const folder = join(packageRoot, 'workloads');
      const names = readdirSync(folder).flatMap((name) => (name.endsWith('.yaml') ? [name.slice(0, -5)] : []));
      if (file === undefined) {
        for (const name of names)
          process.stdout.write(`${name.padEnd(20)} ${purposeOf(join(folder, `${name}.yaml`))}\n`);
        return;
      }
      if (!names.includes(from)) {
        const near = nearest(from, names);
        const hint = near === null ? `there are ${names.join(', ')}` : `did you mean ${near}?`;
        throw new CommandError(EXIT.badWorkload, `there is no ready workload ${from}; ${hint}`);
      }
      const path = /\.ya?ml$/.test(file) ? file : `${file}.yaml`;
      if (existsSync(path)) throw new CommandError(EXIT.badWorkload, `${path} exists already; choose another name`);
      writeFileSync(path, readFileSync(join(folder, `${from}.yaml`)));
      process.stdout.write(`${path} written; try it: bench run ${path}\n`);
    });
}

/** The first sentence of a workload's head comment. */
function purposeOf(path: string): string {
  const comment = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('#'))
    .map((line) => line.slice(1).trim())
    .join(' ');
  return /^.*?\.(?= |$)/.exec(comment)?.[0] ?? comment;
}
