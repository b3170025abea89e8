import type { Command } from 'commander';
import { historySchema } from '../../reports/history/schema.ts';
import { jsonSchema } from '../../workloads/file.ts';

export function registerSchema(program: Command): void {
  program
    .command('schema')
    .description('Print the JSON Schema of workload files, so that an editor completes and checks them.')
    .option('--history', 'the schema of histories instead: of each line that `bench verdict` reads')
    .addHelpText('after', '\nExample:\n  bench schema > .vscode/faultline.schema.json')
    .action((options: { history?: boolean }) => {
      const schema = options.history === true ? historySchema() : jsonSchema();
      process.stdout.write(`${JSON.stringify(schema, null, 2)}\n`);
    });
}
