import { type KafkaCluster, startKafka } from './apache-kafka.ts';
import type { Certificates } from './certificates.ts';

/** The password that the broker knows. */
export const SECRET = 'n0t-for-any-report';
export const WRONG_SECRET = 'wr0ng-but-also-secret';
/** A session ends after this; clients must renew it (KIP-368). */
export const SESSION_MS = 3000;

/** Apache Kafka with a listener for TLS and SASL, one for mutual TLS and one that takes SCRAM-SHA-256 alone. */
export function startSecureKafka({ authority, broker }: Certificates): Promise<KafkaCluster> {
  const modules = 'org.apache.kafka.common.security';
  const tls = (listener: string): Record<string, string> => ({
    [`listener.name.${listener}.ssl.keystore.type`]: 'PEM',
    [`listener.name.${listener}.ssl.keystore.location`]: broker,
    [`listener.name.${listener}.ssl.truststore.type`]: 'PEM',
    [`listener.name.${listener}.ssl.truststore.location`]: authority,
  });
  return startKafka({
    listeners: [
      { name: 'SECURE', protocol: 'SASL_SSL' },
      { name: 'MUTUAL', protocol: 'SSL' },
      { name: 'SCRAMONLY', protocol: 'SASL_PLAINTEXT' },
    ],
    config: {
      ...tls('secure'),
      ...tls('mutual'),
      'listener.name.mutual.ssl.client.auth': 'required',
      'listener.name.secure.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
      'listener.name.secure.connections.max.reauth.ms': String(SESSION_MS),
      'listener.name.secure.plain.sasl.jaas.config': `${modules}.plain.PlainLoginModule required user_alice="${SECRET}";`,
      'listener.name.secure.scram-sha-256.sasl.jaas.config': `${modules}.scram.ScramLoginModule required;`,
      'listener.name.secure.scram-sha-512.sasl.jaas.config': `${modules}.scram.ScramLoginModule required;`,
      'listener.name.secure.oauthbearer.sasl.jaas.config': `${modules}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
      'listener.name.scramonly.sasl.enabled.mechanisms': 'SCRAM-SHA-256',
      'listener.name.scramonly.scram-sha-256.sasl.jaas.config': `${modules}.scram.ScramLoginModule required;`,
    },
    format: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=alice,password=${SECRET}]`,
    ]),
  });
}
