import { type Checks, expectEqual, expectMatch } from './checks.ts';
import { runCommand } from './process.ts';

/** kcat (librdkafka), as Debian packages it. */
export async function checkKcat(checks: Checks, bootstrap: string): Promise<void> {
  const topic = `kcat-${Date.now()}`;
  const kcat = (args: readonly string[], input?: string): ReturnType<typeof runCommand> =>
    runCommand('kcat', ['-b', bootstrap, ...args], { timeoutMs: 30_000, ...(input === undefined ? {} : { input }) });

  await checks.run('kcat: lists brokers and topics', async () => {
    const listed = await kcat(['-L']);
    expectEqual(listed.code, 0, `exit (${listed.stderr})`);
    expectMatch(listed.stdout, /broker \d+ at localhost:\d+/, 'brokers');
  });

  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    await checks.run(`kcat: produces and consumes with ${codec}`, async () => {
      const lines = Array.from({ length: 200 }, (_, index) => `k${index}:value ${index} ${codec}`);
      const name = `${topic}-${codec}`;
      const produced = await kcat(
        ['-P', '-t', name, '-K:', '-z', codec, '-p', '0', '-X', 'enable.idempotence=true'],
        `${lines.join('\n')}\n`,
      );
      expectEqual(produced.code, 0, `exit of the producer (${produced.stderr})`);
      const consumed = await kcat(['-C', '-t', name, '-p', '0', '-o', 'beginning', '-e', '-q', '-K:']);
      expectEqual(consumed.code, 0, `exit of the consumer (${consumed.stderr})`);
      expectEqual(consumed.stdout.trimEnd().split('\n'), lines, 'lines');
    });
  }

  await checks.run('kcat: a balanced consumer group reads to the end', async () => {
    const consumed = await kcat([
      '-G',
      `${topic}-group`,
      '-X',
      'auto.offset.reset=earliest',
      '-c',
      '200',
      '-q',
      `${topic}-lz4`,
    ]);
    expectEqual(consumed.code, 0, `exit (${consumed.stderr})`);
    expectEqual(consumed.stdout.trimEnd().split('\n').length, 200, 'records');
  });

  await checks.run('kcat: queries offsets by timestamp', async () => {
    const queried = await kcat(['-Q', '-t', `${topic}-none:0:-1`]);
    expectMatch(queried.stdout, /offset 200/, 'end offset');
  });
}
