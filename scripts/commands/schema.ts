import type { Command } from 'commander';
import { jsonSchema } from '../../workloads/file.ts';

export function registerSchema(program: Command): void {
  program
    .command('schema')
    .description('Print the JSON Schema of workload files, so that an editor completes and checks them.')
    .addHelpText('after', '\nExample:\n  bench schema > .vscode/faultline.schema.json')
    .action(() => {
      process.stdout.write(`${JSON.stringify(jsonSchema(), null, 2)}\n`);
    });
}
