import { parseArgs } from 'node:util';
import { administration } from './administration.ts';
import { groups } from './groups.ts';
import { producing } from './producing.ts';
import { reading } from './reading.ts';
import { createSuite } from './suite.ts';
import { transactions } from './transactions.ts';

/*
 * Our own producer, consumer and admin client against any Kafka broker. Prints one line per check and
 * `N passed, N failed`; the exit code is 1 when one failed. Topics and groups get names of their own and are deleted at
 * the end.
 */
const USAGE = `usage: node scripts/peers/own-client/main.ts HOST:PORT [--transactions] [--verbose] [--only REGEX]

--transactions: the cluster has a transaction coordinator, as Apache Kafka's have
`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    transactions: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});
const [bootstrap] = positionals;
if (bootstrap === undefined) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  const suite = createSuite(bootstrap, { verbose: values.verbose, only: values.only ?? null });
  await administration(suite);
  await producing(suite);
  await reading(suite);
  await groups(suite);
  if (values.transactions) await transactions(suite, bootstrap);
  await suite.finish();
}
