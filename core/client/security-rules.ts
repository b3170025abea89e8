/** Kafka's configs of TLS and SASL, and one of ours: `sasl.oauthbearer.token`, a token or a function that gives one. */
export const securityRules = {
  'sasl.jaas.config': { type: 'text', default: null },
  'sasl.mechanism': { type: 'text', default: 'GSSAPI' },
  'sasl.oauthbearer.token': { type: 'secret', default: null },
  'security.protocol': {
    type: 'text',
    default: 'PLAINTEXT',
    oneOf: ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'],
  },
  'ssl.enabled.protocols': { type: 'list', default: ['TLSv1.2', 'TLSv1.3'] },
  'ssl.endpoint.identification.algorithm': { type: 'text', default: 'https', oneOf: ['https', ''] },
  'ssl.key.password': { type: 'text', default: null },
  'ssl.keystore.certificate.chain': { type: 'text', default: null },
  'ssl.keystore.key': { type: 'text', default: null },
  'ssl.keystore.location': { type: 'text', default: null },
  'ssl.keystore.password': { type: 'text', default: null },
  'ssl.keystore.type': { type: 'text', default: 'JKS' },
  'ssl.truststore.certificates': { type: 'text', default: null },
  'ssl.truststore.location': { type: 'text', default: null },
  'ssl.truststore.password': { type: 'text', default: null },
  'ssl.truststore.type': { type: 'text', default: 'JKS' },
} as const;

/** Java's classes and providers, and how Java's login thread times itself. */
export const SECURITY_WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  'sasl.client.callback.handler.class',
  'sasl.kerberos.kinit.cmd',
  'sasl.kerberos.min.time.before.relogin',
  'sasl.kerberos.service.name',
  'sasl.kerberos.ticket.renew.jitter',
  'sasl.kerberos.ticket.renew.window.factor',
  'sasl.login.callback.handler.class',
  'sasl.login.class',
  'sasl.login.refresh.buffer.seconds',
  'sasl.login.refresh.min.period.seconds',
  'sasl.login.refresh.window.factor',
  'sasl.login.refresh.window.jitter',
  'ssl.keymanager.algorithm',
  'ssl.protocol',
  'ssl.provider',
  'ssl.secure.random.implementation',
  'ssl.trustmanager.algorithm',
]);
