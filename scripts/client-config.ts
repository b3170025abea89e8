import { ClientError } from '../core/client/index.ts';
import { EXIT } from '../reports/run-record.ts';
import { type ClientConfig, loadClientConfig } from '../workloads/live/client-config.ts';
import type { TargetKind } from '../workloads/workload.ts';
import { CommandError } from './exit.ts';
import type { Outcome } from './outcome.ts';

/** `--client-config`. @throws CommandError 21: what is wrong with it. */
export function readClientConfig(path: string): ClientConfig {
  try {
    const client = loadClientConfig(path, process.env);
    for (const note of client.notes) process.stderr.write(`note: ${note}\n`);
    return client;
  } catch (error) {
    if (error instanceof ClientError) throw new CommandError(EXIT.runFailed, `${path}: ${error.message}`);
    throw error;
  }
}

export function refuseUnlessKafka(client: ClientConfig | null, target: TargetKind): void {
  if (client === null || target === 'kafka') return;
  throw new CommandError(EXIT.badWorkload, `--client-config goes with target kafka, not with ${target}`);
}

/** What brokers and clients said of the run, without what the client config keeps secret. */
export function concealed(outcome: Outcome, client: ClientConfig | null): Outcome {
  if (client === null) return outcome;
  const { conducted, problems } = outcome;
  const reason = conducted.reason === null ? null : client.conceal(conducted.reason);
  return { ...outcome, conducted: { ...conducted, reason }, problems: problems.map(client.conceal) };
}
