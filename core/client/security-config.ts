import type { Runtime, TlsOptions, TlsVersion } from '../runtime.ts';
import {
  certificatesOf,
  type JaasEntry,
  keysOf,
  parseJaas,
  SASL_MECHANISMS,
  type SaslCredentials,
  type SaslMechanism,
  ScramKeys,
  SecurityError,
  TokenCache,
  unsecuredToken,
} from '../security/index.ts';
import type { ChannelSecurity } from './authentication.ts';
import { type ConfigValues, invalid } from './config.ts';
import type { securityRules } from './security-rules.ts';

type SecurityConfig = ConfigValues<typeof securityRules>;

/** What the configs mean for each connection. @throws ClientError 'configuration'; it repeats no secret. */
export function securityOf(config: SecurityConfig, runtime: Pick<Runtime, 'clock' | 'random'>): ChannelSecurity {
  const protocol = config['security.protocol'];
  const isTls = protocol.endsWith('SSL');
  const isSasl = protocol.startsWith('SASL');
  return {
    ...(isTls ? { tls: tlsOf(config) } : {}),
    ...(isSasl ? { sasl: { credentials: credentialsOf(config, runtime), random: runtime.random.fork('sasl') } } : {}),
  };
}

function tlsOf(config: SecurityConfig): TlsOptions {
  for (const name of ['ssl.truststore.location', 'ssl.keystore.location'] as const) {
    // An empty path is how a properties file takes one back.
    if (config[name])
      throw invalid(name, 'this client takes PEM text; readSecurityFiles of faultline/node reads files');
  }
  const trusted = config['ssl.truststore.certificates'];
  const authorities = trusted === null ? null : certificatesOf(trusted);
  if (authorities === '') throw invalid('ssl.truststore.certificates', 'there is no certificate in PEM in it');
  const chain = config['ssl.keystore.certificate.chain'];
  const key = config['ssl.keystore.key'];
  if ((chain === null) !== (key === null)) {
    const missing = chain === null ? 'ssl.keystore.certificate.chain' : 'ssl.keystore.key';
    throw invalid(missing, 'a certificate and its key come together');
  }
  const certificate = chain === null ? null : certificatesOf(chain);
  if (certificate === '') throw invalid('ssl.keystore.certificate.chain', 'there is no certificate in PEM in it');
  const privateKey = key === null ? null : keysOf(key);
  if (privateKey === '') throw invalid('ssl.keystore.key', 'there is no private key in PEM in it');
  const keyPassword = config['ssl.key.password'];
  return {
    verifyHostName: config['ssl.endpoint.identification.algorithm'] !== '',
    versions: config['ssl.enabled.protocols'].map(versionOf),
    ...(authorities === null ? {} : { authorities }),
    ...(certificate === null ? {} : { certificate }),
    ...(privateKey === null ? {} : { key: privateKey }),
    ...(keyPassword === null ? {} : { keyPassword }),
  };
}

function versionOf(name: string): TlsVersion {
  if (name === 'TLSv1.2' || name === 'TLSv1.3') return name;
  throw invalid('ssl.enabled.protocols', `${name} is neither TLSv1.2 nor TLSv1.3`);
}

function credentialsOf(config: SecurityConfig, runtime: Pick<Runtime, 'clock'>): SaslCredentials {
  const wanted = config['sasl.mechanism'];
  const mechanism: SaslMechanism | undefined = SASL_MECHANISMS.find((one) => one === wanted);
  if (mechanism === undefined) {
    throw invalid('sasl.mechanism', `${wanted} is not one of ${SASL_MECHANISMS.join(', ')}`);
  }
  const entry = jaasOf(config['sasl.jaas.config']);
  if (mechanism === 'OAUTHBEARER')
    return { mechanism, tokens: tokensOf(config, entry, runtime), extensions: extensionsOf(entry) };
  const module = mechanism === 'PLAIN' ? 'PlainLoginModule' : 'ScramLoginModule';
  if (entry === null) throw invalid('sasl.jaas.config', `${mechanism} needs it: ${module} with username and password`);
  if (entry.module !== module) {
    throw invalid('sasl.jaas.config', `sasl.mechanism ${mechanism} goes with ${module}, not with ${entry.module}`);
  }
  const username = entry.options.get('username') ?? '';
  const password = entry.options.get('password') ?? '';
  if (username === '') throw invalid('sasl.jaas.config', 'there is no username in it');
  if (password === '') throw invalid('sasl.jaas.config', 'there is no password in it');
  if (/\0/.test(username + password)) throw invalid('sasl.jaas.config', 'a user name or password contains a zero');
  if (mechanism === 'PLAIN') return { mechanism, username, password };
  return { mechanism, username, password, isToken: entry.options.get('tokenauth') === 'true', keys: new ScramKeys() };
}

function jaasOf(text: string | null): JaasEntry | null {
  if (text === null) return null;
  try {
    return parseJaas(text);
  } catch (error) {
    if (error instanceof SecurityError) throw invalid('sasl.jaas.config', error.message);
    throw error;
  }
}

function tokensOf(config: SecurityConfig, entry: JaasEntry | null, runtime: Pick<Runtime, 'clock'>): TokenCache {
  const given = config['sasl.oauthbearer.token'];
  const wallMs = (): number => runtime.clock.wallMs();
  if (typeof given === 'function') return new TokenCache(given, wallMs);
  if (given !== null) return new TokenCache(async () => ({ token: given.trim() }), wallMs);
  const options = entry?.options ?? new Map<string, string>();
  if (![...options.keys()].some((name) => name.startsWith('unsecuredLogin'))) {
    throw invalid(
      'sasl.oauthbearer.token',
      'OAUTHBEARER needs a token, or unsecuredLoginStringClaim_sub in sasl.jaas.config',
    );
  }
  return new TokenCache(async () => unsecuredToken(options, wallMs()), wallMs);
}

/** `unsecuredLoginExtension_name="value"` and, beside a token of one's own, `extension_name="value"` (KIP-342, KIP-768). */
function extensionsOf(entry: JaasEntry | null): Map<string, string> {
  const extensions = new Map<string, string>();
  for (const [name, value] of entry?.options ?? []) {
    const match = /^(?:unsecuredLoginExtension|extension)_(.+)$/.exec(name);
    if (match !== null) extensions.set(match[1]!, value);
  }
  return extensions;
}
