import type { Command } from 'commander';
import { EXIT } from '../../reports/run-record.ts';
import { toJson, workloadHash } from '../../workloads/hash.ts';
import { describeOmb, describeOmbDriver } from '../../workloads/omb.ts';
import { type LoadedDriver, type LoadedWorkload, loadFile } from '../load-file.ts';

const collect = (value: string, all: string[]): string[] => [...all, value];

export function registerValidate(program: Command): void {
  program
    .command('validate')
    .argument('<file>', "a workload file, ours or OpenMessaging Benchmark's")
    .description('Check a workload file without running it: every mistake with file, line and column.')
    .option('--driver <file>', 'an OpenMessaging Benchmark driver file to read it with')
    .option('--set <path=value>', 'override a value; may be repeated', collect, [])
    .option('--json', 'print what was understood, every default filled in')
    .addHelpText('after', '\nExample:\n  bench validate workloads/quickstart.yaml --json --set phases.measure=5s')
    .action((file: string, options: { driver?: string; set: string[]; json?: boolean }) => {
      const loaded = loadFile(file, {
        set: options.set,
        ...(options.driver === undefined ? {} : { driver: options.driver }),
      });
      if (!loaded.ok) {
        if (options.json === true)
          process.stdout.write(`${JSON.stringify({ ok: false, diagnostics: loaded.diagnostics }, null, 2)}\n`);
        else process.stderr.write(`${loaded.text}\n`);
        process.exitCode = EXIT.badWorkload;
        return;
      }
      for (const warning of loaded.warningTexts) process.stderr.write(`${warning}\n`);
      if (options.json !== true) {
        process.stdout.write(
          `${file}: fine${loaded.kind === 'driver' ? ', a driver file of OpenMessaging Benchmark' : ''}\n`,
        );
        return;
      }
      process.stdout.write(`${JSON.stringify(understood(file, options.driver, loaded), null, 2)}\n`);
    });
}

/** OpenMessaging Benchmark's files are told in its own names, beside what they mean in ours. */
function understood(file: string, driverFile: string | undefined, loaded: LoadedWorkload | LoadedDriver): object {
  if (loaded.kind === 'driver')
    return { ok: true, format: 'omb-driver', driver: describeOmbDriver(loaded.source, file) };
  const { format, source, driverSource, workload, files } = loaded;
  return {
    ok: true,
    format,
    ...(format === 'omb' ? { omb: describeOmb(source, file) } : {}),
    ...(driverSource === null ? {} : { driver: describeOmbDriver(driverSource, driverFile) }),
    hash: workloadHash(workload, files),
    workload: toJson(workload),
  };
}
