import { readFileSync } from 'node:fs';
import { ClientError, type ConfigInput } from '../client/index.ts';
import { certificatesOf, keysOf } from '../security/index.ts';
import { tokenProvider } from './token-endpoint.ts';

/**
 * Client configs in which files and token endpoints are replaced by what the clients take: ssl.truststore.location and
 * ssl.keystore.location by their PEM text, sasl.oauthbearer.token.endpoint.url by a function that gets tokens from
 * there. @throws ClientError 'configuration'; it never repeats what a file holds.
 */
export function readSecurityFiles(config: ConfigInput): ConfigInput {
  const { 'ssl.truststore.location': truststore, 'ssl.keystore.location': keystore, ...rest } = config;
  const read: Record<string, ConfigInput[string]> = rest;
  if (typeof truststore === 'string' && truststore !== '') {
    const name = 'ssl.truststore.location';
    const certificates = certificatesOf(readPem(name, truststore, CONVERT_TRUSTSTORE));
    if (certificates === '') throw invalid(name, `there is no certificate in ${truststore}`);
    read['ssl.truststore.certificates'] = certificates;
  }
  if (typeof keystore === 'string' && keystore !== '') {
    const name = 'ssl.keystore.location';
    const text = readPem(name, keystore, CONVERT_KEYSTORE);
    const [chain, key] = [certificatesOf(text), keysOf(text)];
    if (chain === '') throw invalid(name, `there is no certificate in ${keystore}`);
    if (key === '') throw invalid(name, `there is no private key in ${keystore}`);
    read['ssl.keystore.certificate.chain'] = chain;
    read['ssl.keystore.key'] = key;
  }
  return tokenProvider(read);
}

type Store = 'JKS' | 'PKCS12';

const CONVERT_TRUSTSTORE = (_: Store, path: string): string => `keytool -list -rfc -keystore ${path} > truststore.pem`;
const CONVERT_KEYSTORE = (store: Store, path: string): string =>
  store === 'PKCS12'
    ? `openssl pkcs12 -in ${path} -nodes -out keystore.pem`
    : `keytool -importkeystore -srckeystore ${path} -destkeystore keystore.p12 -deststoretype PKCS12, then ` +
      'openssl pkcs12 -in keystore.p12 -nodes -out keystore.pem';

function readPem(name: string, path: string, conversion: (store: Store, path: string) => string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw invalid(name, `${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
  const text = bytes.toString('latin1');
  if (text.includes('-----BEGIN ')) return text;
  const type = storeOf(bytes);
  if (type === null) throw invalid(name, `${path} is not PEM`);
  const how = conversion(type, path);
  throw invalid(name, `${path} is a ${type} store, and this client reads PEM. Convert it: ${how}`);
}

/** Java's own format has a magic number; PKCS#12 is a DER sequence. */
function storeOf(bytes: Buffer): Store | null {
  if (bytes.length > 4 && bytes.readUInt32BE(0) === 0xfeedfeed) return 'JKS';
  return bytes.length > 4 && bytes[0] === 0x30 && bytes[1]! >= 0x80 ? 'PKCS12' : null;
}

function invalid(name: string, reason: string): ClientError {
  return new ClientError('configuration', `${name}: ${reason}`, -1, true);
}
