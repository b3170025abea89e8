import { expect, it } from 'vitest';
import { createRandom } from '../random.ts';
import { type ConfigInput, readConfig } from './config.ts';
import { securityOf } from './security-config.ts';
import { securityRules } from './security-rules.ts';

const SCRAM: ConfigInput = { 'security.protocol': 'SASL_PLAINTEXT', 'sasl.mechanism': 'SCRAM-SHA-256' };
const runtime = { clock: { wallMs: () => 0, monotonicNs: () => 0 }, random: createRandom('configs') };
const refusal = (config: ConfigInput): string => {
  try {
    securityOf(readConfig(securityRules, config), runtime);
  } catch (error) {
    expect(error).toMatchObject({ kind: 'configuration' });
    expect((error as Error).message).not.toContain('hunter2');
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
};

it('asks for nothing without a protocol that asks for it', () => {
  expect(securityOf(readConfig(securityRules, { 'sasl.mechanism': 'PLAIN' }), runtime)).toEqual({});
});

it('takes PEM as properties files carry it', () => {
  const pem = '-----BEGIN CERTIFICATE----- QUJD \\n REVG -----END CERTIFICATE-----';
  const config = {
    'security.protocol': 'ssl',
    'ssl.truststore.certificates': pem,
    'ssl.endpoint.identification.algorithm': '',
    'ssl.enabled.protocols': 'TLSv1.3',
  };
  expect(securityOf(readConfig(securityRules, config), runtime)).toEqual({
    tls: {
      authorities: '-----BEGIN CERTIFICATE-----\nQUJDREVG\n-----END CERTIFICATE-----\n',
      verifyHostName: false,
      versions: ['TLSv1.3'],
    },
  });
});

const ssl = { 'security.protocol': 'SSL' };
it.each([
  [{ 'security.protocol': 'TLS' }, /security\.protocol: TLS is not one of PLAINTEXT, SSL/],
  [{ ...SCRAM, 'sasl.mechanism': 'GSSAPI' }, /sasl\.mechanism: GSSAPI is not one of PLAIN, SCRAM/],
  [{ 'security.protocol': 'SASL_SSL' }, /sasl\.mechanism: GSSAPI/],
  [
    { ...SCRAM, 'sasl.jaas.config': 'PlainLoginModule required username="a" password="hunter2";' },
    /goes with ScramLoginModule/,
  ],
  [{ ...SCRAM, 'sasl.jaas.config': 'ScramLoginModule required password="hunter2";' }, /no username/],
  [{ ...SCRAM, 'sasl.jaas.config': 'ScramLoginModule required username="a";' }, /no password/],
  [{ ...SCRAM, 'sasl.jaas.config': 'ScramLoginModule required username="a" password="hunter2"' }, /a ; ends it/],
  [{ 'security.protocol': 'SASL_SSL', 'sasl.mechanism': 'PLAIN' }, /PLAIN needs it/],
  [{ 'security.protocol': 'SASL_SSL', 'sasl.mechanism': 'OAUTHBEARER' }, /needs a token/],
  [{ ...ssl, 'ssl.truststore.certificates': 'hunter2' }, /no certificate in PEM/],
  [{ ...ssl, 'ssl.truststore.location': '/x' }, /takes PEM text/],
  [{ ...ssl, 'ssl.keystore.key': 'hunter2' }, /ssl\.keystore\.certificate\.chain: a certificate and its key/],
  [{ ...ssl, 'ssl.enabled.protocols': 'SSLv3' }, /neither TLSv1\.2 nor/],
  [{ ...ssl, 'ssl.cipher.suites': 'NULL' }, /no such config/],
] as [ConfigInput, RegExp][])('refuses %j', (config, says) => {
  expect(refusal(config)).toMatch(says);
});
