import {
  type ApiSchema,
  type Draft,
  ErrorCode,
  errorInfo,
  type Message,
  saslAuthenticate,
  saslHandshake,
} from '../protocol/index.ts';
import { type Random, type Runtime, TLS_REFUSED, TlsError, type TlsFault, type TlsOptions } from '../runtime.ts';
import { type SaslCredentials, SecurityError, type SecurityFault, startExchange } from '../security/index.ts';

/** How a connection is kept from others and how this client proves who it is; each absent: not at all. */
export interface ChannelSecurity {
  readonly tls?: TlsOptions;
  readonly sasl?: SaslSettings;
}

export interface SaslSettings {
  readonly credentials: SaslCredentials;
  /** For nonces: not to be guessed on a real machine. */
  readonly random: Random;
}

/** What was wrong: of TLS or of SASL. */
export type SecurityFailure = TlsFault | SecurityFault;

/** What an alert of a TLS port to plain bytes is called. */
export const SPEAKS_TLS = 'this port speaks TLS';

/** How a TLS port answers plain bytes: content type 21, version 3.x. */
export function isTlsAlert(bytes: Uint8Array): boolean {
  return bytes[0] === 21 && bytes[1] === 3;
}

/** The conversation's way to the broker. */
interface Wire {
  version(api: ApiSchema): number | null;
  ask<A extends ApiSchema>(api: A, version: number, draft: Draft<A['request']>): Promise<Message<A['response']>>;
  leftMs(): number;
}

/** Kafka's clients renew at a random point of this part of the session, so that they do not all come at once. */
const RENEW_FROM = 0.85;
const RENEW_TO = 0.95;
/** Far more than any mechanism has. */
const MAX_ROUNDS = 8;

/**
 * SaslHandshake, then the mechanism's messages in SaslAuthenticate (KIP-152). Resolves with the time after which to do
 * it again, null for never (KIP-368). @throws SecurityError, or whatever `wire.ask` rejects with.
 */
export async function authenticate(
  settings: SaslSettings,
  address: string,
  runtime: Pick<Runtime, 'timers'>,
  wire: Wire,
): Promise<{ readonly renewAfterMs: number | null }> {
  const { credentials, random } = settings;
  const { mechanism } = credentials;
  const handshakeVersion = wire.version(saslHandshake);
  const version = wire.version(saslAuthenticate);
  if (handshakeVersion === null || handshakeVersion < 1 || version === null) {
    throw new SecurityError('protocol', `${address} is too old for SASL in requests (Kafka 1.0 and later have it)`);
  }
  const exchange = await bounded(startExchange(credentials, random), wire.leftMs(), runtime);
  const handshake = await wire.ask(saslHandshake, handshakeVersion, { mechanism });
  if (handshake.errorCode !== ErrorCode.none) throw handshakeRefused(address, mechanism, handshake);

  let words = exchange.respond(null);
  let lifetimeMs = 0;
  for (let round = 0; words !== null; round++) {
    if (round === MAX_ROUNDS) throw new SecurityError('protocol', `${mechanism}: ${address} does not come to an end`);
    const answer = await wire.ask(saslAuthenticate, version, { authBytes: words });
    if (answer.errorCode !== ErrorCode.none) {
      if (credentials.mechanism === 'OAUTHBEARER') credentials.tokens.forget();
      const wrong = exchange.refusalFault === 'token' ? 'the token' : 'the user name or the password';
      const said = answer.errorMessage ?? errorInfo(answer.errorCode).name;
      throw new SecurityError(exchange.refusalFault, `${address} does not accept ${wrong} (${mechanism}): ${said}`);
    }
    lifetimeMs = answer.sessionLifetimeMs;
    words = exchange.respond(answer.authBytes);
  }
  if (lifetimeMs <= 0) return { renewAfterMs: null };
  return { renewAfterMs: lifetimeMs * (RENEW_FROM + (RENEW_TO - RENEW_FROM) * random.float()) };
}

function handshakeRefused(
  address: string,
  mechanism: string,
  answer: { readonly errorCode: number; readonly mechanisms: readonly string[] },
): SecurityError {
  if (answer.errorCode === ErrorCode.unsupportedSaslMechanism) {
    const offered = answer.mechanisms.join(', ') || 'none';
    return new SecurityError(
      'mechanism',
      `${address} does not offer sasl.mechanism ${mechanism}; it offers ${offered}`,
    );
  }
  if (answer.errorCode === ErrorCode.illegalSaslState) {
    return new SecurityError('protocol', `${address} does not ask for SASL: set security.protocol to PLAINTEXT or SSL`);
  }
  return new SecurityError('protocol', `${address} refuses to begin SASL: ${errorInfo(answer.errorCode).name}`);
}

/** A token may have to be fetched from somewhere: that takes no longer than the connection may. */
function bounded<V>(promise: Promise<V>, leftMs: number, runtime: Pick<Runtime, 'timers'>): Promise<V> {
  return new Promise((resolve, reject) => {
    const timer = runtime.timers.after(leftMs, () => {
      reject(new SecurityError('token', `there was no token within ${Math.round(leftMs)} ms`));
    });
    promise.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error: unknown) => {
        timer.cancel();
        const reason = error instanceof Error ? error.message : String(error);
        reject(error instanceof SecurityError ? error : new SecurityError('token', `there is no token: ${reason}`));
      },
    );
  });
}

/** What of security an error is about; null: nothing, and trying again may help. */
export function faultOf(error: unknown): SecurityFailure | null {
  if (error instanceof SecurityError || error instanceof TlsError) return error.fault;
  if (!(error instanceof Error)) return null;
  if (error.message.startsWith(TLS_REFUSED)) return 'clientCertificate';
  return error.message.startsWith(SPEAKS_TLS) ? 'protocol' : null;
}
