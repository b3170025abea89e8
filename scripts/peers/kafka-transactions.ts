import { join } from 'node:path';
import { packageRoot } from '../package.ts';
import { installKafka, startKafka } from './apache-kafka.ts';
import { type Checks, expectEqual } from './checks.ts';
import { runCommand } from './process.ts';

/** A dozen seconds of checks, and a workload of under a minute. */
const LIMIT_MS = 240_000;

/** Our own client's transactions against a broker that coordinates them, and a workload that writes in them. */
export async function checkKafkaTransactions(checks: Checks): Promise<void> {
  await checks.run(
    'kafka: transactions of our own client are committed, aborted, fenced and read as Kafka means them',
    async () => {
      await installKafka();
      await using kafka = await startKafka();
      const main = join(packageRoot, 'scripts', 'peers', 'own-client', 'main.ts');
      const words = [main, kafka.bootstrap, '--transactions', '--only', 'transactions'];
      const { code, stdout, stderr } = await runCommand(process.execPath, words, { timeoutMs: LIMIT_MS });
      expectEqual([code, /^[1-9]\d* passed, 0 failed$/m.test(stdout)], [0, true], `${stdout}${stderr}\nexit and sum`);
    },
    LIMIT_MS + 60_000,
  );
}
