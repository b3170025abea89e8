import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import tls from 'node:tls';
import { NetworkError, TLS_REFUSED, TlsError, type TlsOptions } from '../runtime.ts';
import { pemBlocks } from '../security/index.ts';

/** Reading certificates costs milliseconds; connections of one client share the options, and so what is made of them. */
const contexts = new WeakMap<TlsOptions, tls.SecureContext>();

/** Begins a connection with its handshake. @throws TlsError 'credentials'. */
export function connectTls(host: string, port: number, options: TlsOptions): tls.TLSSocket {
  const name = options.serverName ?? host;
  const socket = tls.connect({
    host,
    port,
    secureContext: contextOf(options),
    // An address is no name: SNI may not carry it (RFC 6066, 3), but certificates may.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    checkServerIdentity: options.verifyHostName
      ? (_, certificate) => tls.checkServerIdentity(name, certificate)
      : () => undefined,
  });
  socket.setNoDelay(true);
  socket.setKeepAlive(true);
  return socket;
}

function contextOf(options: TlsOptions): tls.SecureContext {
  let context = contexts.get(options);
  if (context === undefined) {
    const { authorities, certificate, key, keyPassword, versions = ['TLSv1.2', 'TLSv1.3'] } = options;
    try {
      // What is no certificate in `ca` is passed over, and then nobody would be trusted: it must show here.
      for (const { text } of pemBlocks(authorities ?? '')) new X509Certificate(text);
      context = tls.createSecureContext({
        minVersion: versions.includes('TLSv1.2') ? 'TLSv1.2' : 'TLSv1.3',
        maxVersion: versions.includes('TLSv1.3') ? 'TLSv1.3' : 'TLSv1.2',
        ...(authorities === undefined ? {} : { ca: authorities }),
        ...(certificate === undefined ? {} : { cert: certificate }),
        ...(key === undefined ? {} : { key }),
        ...(keyPassword === undefined ? {} : { passphrase: keyPassword }),
      });
    } catch (error) {
      // OpenSSL's reasons name no content.
      const reason = error instanceof Error ? error.message : String(error);
      throw new TlsError('credentials', `this client's certificates or key cannot be used: ${reason}`);
    }
    contexts.set(options, context);
  }
  return context;
}

const EXPIRED: ReadonlySet<string> = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);
const UNTRUSTED: ReadonlySet<string> = new Set([
  'CERT_CHAIN_TOO_LONG',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Why there is no connection: what TLS says, in words of who must change what. */
export function handshakeError(error: Error, host: string, port: number, options: TlsOptions): NetworkError {
  const { code = '' } = error as NodeJS.ErrnoException;
  const at = `${host}:${port}`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const names = (error as { cert?: tls.PeerCertificate }).cert?.subjectaltname ?? 'no host name';
    const wanted = options.serverName ?? host;
    return withCause(error, new TlsError('hostName', `the certificate of ${at} is not for ${wanted} but for ${names}`));
  }
  if (EXPIRED.has(code))
    return withCause(error, new TlsError('expired', `the certificate of ${at} is not valid now: ${code}`));
  if (UNTRUSTED.has(code)) {
    const trusted = options.authorities === undefined ? 'of this platform' : 'given';
    const text = `none of the authorities ${trusted} has signed the certificate of ${at} (${code})`;
    return withCause(error, new TlsError('authority', text));
  }
  const refusal = refusalByPeer(error);
  if (refusal !== null) {
    return withCause(error, new TlsError('clientCertificate', `${at}: ${refusal.slice(TLS_REFUSED.length)}`));
  }
  if (error instanceof TlsError) return error;
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO') {
    const text = `no TLS handshake with ${at}: ${reasonOf(error)}; does this port speak TLS?`;
    return withCause(error, new TlsError('protocol', text));
  }
  // A listener without TLS takes the first bytes for nonsense and hangs up; so does a broker that dies just then.
  const hint = code === 'ECONNRESET' ? ' during the TLS handshake; does this port speak TLS?' : '';
  return withCause(error, new NetworkError(code === '' ? 'EUNKNOWN' : code, `${at}: ${error.message}${hint}`));
}

/** An alert about our certificate, as the reason of a connection's end; null for any other error. */
export function refusalByPeer(error: Error): string | null {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (!/^ERR_SSL_.*ALERT.*(CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)/.test(code)) return null;
  return `${TLS_REFUSED}the broker wants a certificate of this client's, or another one (${code})`;
}

function reasonOf(error: Error): string {
  return (error as { reason?: string }).reason ?? error.message;
}

function withCause<E extends Error>(cause: Error, error: E): E {
  error.cause = cause;
  return error;
}
