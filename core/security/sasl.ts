import type { Random } from '../runtime.ts';
import { OAuthBearerExchange } from './oauthbearer.ts';
import { PlainExchange } from './plain.ts';
import { ScramExchange, type ScramKeys } from './scram.ts';
import type { SecurityFault } from './security-error.ts';
import { sha256 } from './sha256.ts';
import { sha512 } from './sha512.ts';
import type { TokenCache } from './token.ts';

export const SASL_MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'] as const;
export type SaslMechanism = (typeof SASL_MECHANISMS)[number];

/** The client's part of a conversation that proves who it is. */
export interface SaslExchange {
  /** What a refusal by the broker is about. */
  readonly refusalFault: SecurityFault;
  /**
   * The answer to what the broker said (null: it has said nothing yet); null when there is nothing more to say, and the
   * broker has proven all that the mechanism asks of it. @throws SecurityError.
   */
  respond(challenge: Uint8Array | null): Uint8Array | null;
}

/** Who to be, as configs say it. */
export type SaslCredentials =
  | { readonly mechanism: 'PLAIN'; readonly username: string; readonly password: string }
  | {
      readonly mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
      readonly username: string;
      readonly password: string;
      /** The user is the id of a delegation token (KIP-48). */
      readonly isToken: boolean;
      /** The keys of the last exchange: the broker's salt is the same each time, and the keys are dear. */
      readonly keys: ScramKeys;
    }
  | {
      readonly mechanism: 'OAUTHBEARER';
      /** Asked before each exchange. May fail with any error: its message is told, and it should name no secret. */
      readonly tokens: TokenCache;
      /** Names and values besides the token (KIP-342). */
      readonly extensions: ReadonlyMap<string, string>;
    };

/** A new conversation. */
export async function startExchange(credentials: SaslCredentials, random: Random): Promise<SaslExchange> {
  switch (credentials.mechanism) {
    case 'PLAIN':
      return new PlainExchange(credentials.username, credentials.password);
    case 'SCRAM-SHA-256':
      return new ScramExchange(sha256, credentials, nonce(random));
    case 'SCRAM-SHA-512':
      return new ScramExchange(sha512, credentials, nonce(random));
    case 'OAUTHBEARER':
      return new OAuthBearerExchange((await credentials.tokens.get()).token, credentials.extensions);
  }
}

/** 160 bits in letters and digits. */
function nonce(random: Random): string {
  let text = '';
  for (let word = 0; word < 5; word++) text += random.uint32().toString(16).padStart(8, '0');
  return text;
}
