import { parseArgs } from 'node:util';
import { serveProcess } from './broker-process.ts';
import { Checks } from './checks.ts';
import { checkCluster } from './cluster.ts';
import { checkClusterFailover } from './cluster-failover.ts';
import { checkClusterTools } from './cluster-tools.ts';
import { checkDumpLogSegments } from './dump-log-segments.ts';
import { checkJavaTools } from './java-tools.ts';
import { checkKafkaPause } from './kafka-pause.ts';
import { checkKafkaTransactions } from './kafka-transactions.ts';
import { checkKafkaJs } from './kafkajs.ts';
import { checkKcat } from './kcat.ts';
import { checkPlatformatic } from './platformatic.ts';
import { checkVoters } from './voters.ts';

/*
 * Unmodified clients against `bench serve`, or against any cluster:
 *   npm run peers -- [--bootstrap localhost:9092] [--only 'kcat|kafkajs']
 */
const { values } = parseArgs({ options: { bootstrap: { type: 'string' }, only: { type: 'string' } } });
const checks = new Checks(values.only ?? null);
const served = values.bootstrap === undefined ? await serveProcess(['--memory']) : null;
try {
  const bootstrap = values.bootstrap ?? served!.bootstrap;
  await checkKafkaJs(checks, bootstrap);
  await checkPlatformatic(checks, bootstrap);
  await checkKcat(checks, bootstrap);
  await checkJavaTools(checks, bootstrap);
  if (served !== null) {
    await checkDumpLogSegments(checks);
    await checkCluster(checks);
    await checkClusterTools(checks);
    await checkClusterFailover(checks);
    await checkVoters(checks);
    await checkKafkaPause(checks);
    await checkKafkaTransactions(checks);
  }
} finally {
  await served?.stop();
}
checks.finish();
