import type { Mutant } from './mutant.ts';

export const clientMutants: readonly Mutant[] = [
  {
    name: 'client-acks-failures',
    bug: 'redpanda #5355, KAFKA-14034: a batch whose fate is not known is reported as written',
    mutation: { clientFaults: { ackFailures: true } },
    workload: 'one broker, deliveries that fail',
    rules: ['P1'],
  },
  {
    name: 'client-sends-again',
    bug: 'redpanda #3039: a retry under a new sequence is a new record, and the first attempt was written too',
    mutation: { clientFaults: { sendAgain: true } },
    workload: 'one broker, kills',
    rules: ['P5'],
  },
  {
    name: 'client-offset-off-by-one',
    bug: 'franz-go PR #846: the offset that the producer is told is not the one that was written',
    mutation: { clientFaults: { offsetOffByOne: true } },
    workload: 'one broker, kills',
    rules: ['P1', 'P2'],
  },
  {
    name: 'client-wrong-partition',
    bug: 'KAFKA-19012: a buffer that was freed early carries a record to another partition',
    mutation: { clientFaults: { wrongPartition: true } },
    workload: 'one broker, kills',
    rules: ['P1', 'P3'],
  },
  {
    name: 'client-loses-polls',
    bug: 'librdkafka #3020 and its like: records between two polls never reach the application',
    mutation: { clientFaults: { losePolls: true } },
    workload: 'one broker, group',
    rules: ['P10', 'C3'],
  },
  {
    name: 'client-repeats-polls',
    bug: 'librdkafka #4953: records come twice within one assignment',
    mutation: { clientFaults: { repeatPolls: true } },
    workload: 'one broker, group',
    rules: ['P10'],
  },
  {
    name: 'client-commits-too-far',
    bug: 'franz-go #64, the other way round: the committed offset is one past what was processed',
    mutation: { clientFaults: { commitOffByOne: true } },
    workload: 'one broker, group',
    rules: ['C1', 'C2', 'C3'],
  },
  {
    name: 'client-commits-in-vain',
    bug: 'a commit that the broker refused is reported as done',
    mutation: { clientFaults: { commitAlwaysSucceeds: true } },
    workload: 'one broker, slow members',
    rules: ['C1', 'C2', 'C4'],
  },
];
