import { Admin, Consumer, Producer } from '../../core/client/index.ts';
import { createNodeRuntime, readSecurityFiles } from '../../core/node/index.ts';
import type { KafkaCluster } from './apache-kafka.ts';
import type { Certificates } from './certificates.ts';
import { type Checks, expectEqual } from './checks.ts';
import { SECRET, SESSION_MS } from './secure-kafka.ts';

/** Connecting takes no longer, nor reading what is left. */
const SETTLING_MS = 10_000;

/** Connections live on over several sessions: the broker would end one whose session is over. */
export async function renewal(checks: Checks, kafka: KafkaCluster, { authority }: Certificates): Promise<void> {
  const unsecured = 'OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="alice";';
  for (const [mechanism, jaasConfig] of [
    ['SCRAM-SHA-256', `ScramLoginModule required username="alice" password="${SECRET}";`],
    ['PLAIN', `PlainLoginModule required username="alice" password="${SECRET}";`],
    ['OAUTHBEARER', unsecured],
  ] as const) {
    await renewed(checks, mechanism, {
      'bootstrap.servers': kafka.listeners.get('SECURE')!,
      'security.protocol': 'SASL_SSL',
      'ssl.truststore.location': authority,
      'sasl.mechanism': mechanism,
      'sasl.jaas.config': jaasConfig,
    });
  }
}

async function renewed(checks: Checks, mechanism: string, properties: Readonly<Record<string, string>>): Promise<void> {
  await checks.run(`renewal: connections outlive two sessions under load, ${mechanism}`, async () => {
    const topic = `renewal-${mechanism}`;
    let dials = 0;
    const node = createNodeRuntime({ logLevel: 'silent' });
    const { network } = node;
    const counted: typeof network = {
      listen: (...given) => network.listen(...given),
      connect: (...given) => {
        dials++;
        return network.connect(...given);
      },
    };
    const runtime = { ...node, network: counted };
    const config = readSecurityFiles(properties);
    const admin = new Admin({ runtime, config });
    const producer = new Producer({ runtime, config });
    const consumer = new Consumer({ runtime, config: { ...config, 'auto.offset.reset': 'earliest' } });
    try {
      await admin.createTopics([{ name: topic, partitions: 1, replicationFactor: 1 }]);
      consumer.assign([{ topic, partition: 0 }]);
      let [sent, seen] = [0, 0];
      const send = async (): Promise<void> => {
        const result = await producer.sendRecord({ topic, key: null, value: new Uint8Array(100) });
        if (result.kind !== 'acked') throw new Error(`not acknowledged: ${result.message}`);
        sent++;
      };
      const poll = async (): Promise<void> => {
        for (const batch of await consumer.poll(100)) while (batch.next()) seen++;
      };
      // Everything is connected before the count begins.
      const connectedByMs = performance.now() + SETTLING_MS;
      while (seen === 0 && performance.now() < connectedByMs)
        await Promise.all([send(), poll(), admin.describeCluster()]);
      const before = dials;
      const endMs = performance.now() + 2.5 * SESSION_MS;
      while (performance.now() < endMs) await Promise.all([send(), poll(), admin.describeCluster()]);
      while (seen < sent && performance.now() < endMs + SETTLING_MS) await poll();
      expectEqual(dials - before, 0, 'connections made anew');
      expectEqual(seen, sent, 'records read');
    } finally {
      await Promise.all([admin.close(), producer.close(1000), consumer.close(1000)]);
      node.close();
    }
  });
}
