import type { SaslExchange } from './sasl.ts';
import type { SecurityFault } from './security-error.ts';

/** RFC 4616: the password itself, so only TLS keeps it secret. */
export class PlainExchange implements SaslExchange {
  readonly refusalFault: SecurityFault = 'password';
  readonly #username: string;
  readonly #password: string;

  constructor(username: string, password: string) {
    this.#username = username;
    this.#password = password;
  }

  respond(challenge: Uint8Array | null): Uint8Array | null {
    // No authorization id: the user acts as itself.
    return challenge === null ? new TextEncoder().encode(`\0${this.#username}\0${this.#password}`) : null;
  }
}
