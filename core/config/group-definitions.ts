import type { DefinitionRow } from './definitions.ts';

/**
 * Settings of one group (KIP-848, KIP-932, KIP-1071). The broker setting `group.<name>`, where there is one, gives the
 * default.
 */
export const groupRows: readonly DefinitionRow[] = [
  ['consumer.assignment.interval.ms', 'int', '1000', '[0,...]'],
  ['consumer.heartbeat.interval.ms', 'int', '5000', '[1,...]'],
  ['consumer.session.timeout.ms', 'int', '45000', '[1,...]'],
  ['share.assignment.interval.ms', 'int', '1000', '[0,...]'],
  ['share.auto.offset.reset', 'string', 'latest'],
  ['share.delivery.count.limit', 'int', '5', '[2,...]'],
  ['share.heartbeat.interval.ms', 'int', '5000', '[1,...]'],
  ['share.isolation.level', 'string', 'read_uncommitted', '[read_committed, read_uncommitted]'],
  ['share.partition.max.record.locks', 'int', '2000', '[100,...]'],
  ['share.record.lock.duration.ms', 'int', '30000', '[1000,...]'],
  ['share.renew.acknowledge.enable', 'boolean', 'true'],
  ['share.session.timeout.ms', 'int', '45000', '[1,...]'],
  ['streams.assignment.interval.ms', 'int', '1000', '[0,...]'],
  ['streams.heartbeat.interval.ms', 'int', '5000', '[1,...]'],
  ['streams.initial.rebalance.delay.ms', 'int', '3000', '[0,...]'],
  ['streams.num.standby.replicas', 'int', '0', '[0,...]'],
  ['streams.session.timeout.ms', 'int', '45000', '[1,...]'],
];
