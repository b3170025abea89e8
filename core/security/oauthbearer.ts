import type { SaslExchange } from './sasl.ts';
import { SecurityError, type SecurityFault } from './security-error.ts';

const SEPARATOR = '\x01';

/** RFC 7628, with Kafka's extensions (KIP-342). */
export class OAuthBearerExchange implements SaslExchange {
  readonly refusalFault: SecurityFault = 'token';
  readonly #token: string;
  readonly #extensions: ReadonlyMap<string, string>;
  #sent = false;

  /** @throws SecurityError 'token': it could not be told apart from what stands around it. */
  constructor(token: string, extensions: ReadonlyMap<string, string>) {
    // RFC 6750, 2.1, so nothing can be smuggled in.
    if (!/^[A-Za-z0-9\-._~+/]+=*$/.test(token)) {
      throw new SecurityError('token', 'OAUTHBEARER: the token is empty or has characters that no token has');
    }
    for (const [name, value] of extensions) {
      if (!/^[A-Za-z]+$/.test(name) || name === 'auth' || !/^[\x21-\x7e \t\r\n]+$/.test(value)) {
        throw new SecurityError('token', `OAUTHBEARER: the extension ${name} is not one that can be sent`);
      }
    }
    this.#token = token;
    this.#extensions = extensions;
  }

  respond(challenge: Uint8Array | null): Uint8Array | null {
    if (!this.#sent) {
      this.#sent = true;
      let text = `n,,${SEPARATOR}auth=Bearer ${this.#token}${SEPARATOR}`;
      for (const [name, value] of this.#extensions) text += `${name}=${value}${SEPARATOR}`;
      return new TextEncoder().encode(text + SEPARATOR);
    }
    // An error comes as a challenge; the answer to it lets the broker end the exchange in its own words (RFC 7628, 3.2.3).
    return challenge === null || challenge.length === 0 ? null : new TextEncoder().encode(SEPARATOR);
  }
}
