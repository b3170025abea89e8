import type { Broker } from '../broker/index.ts';
import { type Distribution, quantileOf, type RequestTelemetry } from '../broker/telemetry.ts';
import type { MetricFamily, MetricSample } from './openmetrics.ts';

const QUANTILES = [0.5, 0.99, 0.999] as const;

/**
 * A broker's counters in Kafka's names (domain, type and name of the bean, as the JMX exporter joins them); times that
 * Kafka gives in milliseconds are milliseconds. What Kafka does not have begins with `faultline_`.
 */
export function brokerFamilies(broker: Broker): MetricFamily[] {
  const { assembly, nodeId } = broker;
  const { telemetry, replicas, server } = assembly;
  const requests = [...telemetry.requests].sort(([a], [b]) => a - b).map(([, counted]) => counted);
  const named = (name: string): RequestTelemetry | undefined => requests.find(({ api }) => api === name);
  const partitions = [...replicas.partitions()];
  const led = partitions.filter(({ leader }) => leader !== null);
  const { image, controllerId } = assembly.services.metadata;
  const underReplicated = led.filter(({ topic, partition, leader }) => {
    const wanted = image.topicsByName.get(topic)?.partitions[partition];
    return wanted !== undefined && leader!.isr.length < wanted.replicas.length;
  });
  const counter = (name: string, help: string, value: number): MetricFamily => {
    return { name, type: 'counter', help, samples: [{ value }] };
  };
  const gauge = (name: string, help: string, value: number): MetricFamily => {
    return { name, type: 'gauge', help, samples: [{ value }] };
  };
  const times = (name: string, help: string, of: (counted: RequestTelemetry) => Distribution): MetricFamily => {
    const samples = requests.map((counted) => ({ labels: { request: counted.api }, ...summary(of(counted), 1000) }));
    return { name: `kafka_network_RequestMetrics_${name}`, type: 'summary', help, samples };
  };
  const perLog = (name: string, help: string, of: (log: NonNullable<(typeof partitions)[number]['log']>) => number) => {
    const samples = partitions.flatMap(({ topic, partition, log }) =>
      log === null ? [] : [{ labels: { topic, partition: String(partition) }, value: of(log) }],
    );
    return { name: `kafka_log_Log_${name}`, type: 'gauge', help, samples } as const;
  };
  const topics = 'kafka_server_BrokerTopicMetrics_';
  return [
    counter(`${topics}MessagesInPerSec`, 'Records that producers have written.', telemetry.messagesIn),
    counter(`${topics}BytesInPerSec`, 'Bytes of batches that producers have written.', telemetry.bytesIn),
    counter(`${topics}BytesOutPerSec`, 'Bytes of answers to Fetch.', named('Fetch')?.responseBytes ?? 0),
    counter(`${topics}TotalProduceRequestsPerSec`, 'Produce requests.', named('Produce')?.totalUs.count ?? 0),
    counter(`${topics}TotalFetchRequestsPerSec`, 'Fetch requests.', named('Fetch')?.totalUs.count ?? 0),
    {
      name: 'kafka_network_RequestMetrics_RequestsPerSec',
      type: 'counter',
      help: 'Requests that were answered.',
      samples: requests.map(({ api, totalUs }) => ({ labels: { request: api }, value: totalUs.count })),
    },
    {
      name: 'kafka_network_RequestMetrics_ErrorsPerSec',
      type: 'counter',
      help: 'Requests that failed within the broker.',
      samples: requests.map(({ api, errors }) => ({ labels: { request: api }, value: errors })),
    },
    times('RequestQueueTimeMs', 'Milliseconds from the whole request to its turn.', ({ queueUs }) => queueUs),
    times('LocalTimeMs', 'Milliseconds in the handler, waiting not counted.', ({ localUs }) => localUs),
    times('TotalTimeMs', 'Milliseconds from the whole request to its response.', ({ totalUs }) => totalUs),
    {
      name: 'faultline_produce_batch_records',
      type: 'summary',
      help: 'Records in each batch of a producer.',
      samples: [summary(telemetry.recordsPerBatch, 1)],
    },
    {
      name: 'faultline_produce_batch_bytes',
      type: 'summary',
      help: 'Bytes of each batch of a producer.',
      unit: 'bytes',
      samples: [summary(telemetry.bytesPerBatch, 1)],
    },
    gauge('kafka_server_socket_server_metrics_connection_count', 'Open connections.', server.connectionCount),
    gauge('faultline_request_held_bytes', 'Bytes of requests that are not answered.', server.requestBytes),
    gauge('kafka_server_ReplicaManager_PartitionCount', 'Partitions on this broker.', partitions.length),
    gauge('kafka_server_ReplicaManager_LeaderCount', 'Partitions that it leads.', led.length),
    gauge(
      'kafka_server_ReplicaManager_UnderReplicatedPartitions',
      'Partitions that it leads whose in-sync replicas are not all of its replicas.',
      underReplicated.length,
    ),
    gauge(
      'kafka_server_ReplicaManager_OfflineReplicaCount',
      'Replicas whose log directory has failed.',
      partitions.filter(({ state }) => state.kind === 'offline').length,
    ),
    gauge(
      'kafka_controller_KafkaController_ActiveControllerCount',
      '1 on the active controller.',
      controllerId === nodeId ? 1 : 0,
    ),
    perLog('Size', 'Bytes of the log.', (log) => log.sizeInBytes),
    perLog('LogStartOffset', 'Its first offset.', (log) => log.logStartOffset),
    perLog('LogEndOffset', 'The offset after its last.', (log) => log.logEndOffset),
  ];
}

function summary({ counts, count, sum }: Distribution, per: number): MetricSample {
  const quantiles = QUANTILES.flatMap((quantile) => {
    const value = quantileOf(counts, quantile);
    return value === null ? [] : [[quantile, value / per] as const];
  });
  return { value: sum / per, count, quantiles };
}
