import { fromBase64, toBase64 } from './base64.ts';
import { SecurityError } from './security-error.ts';

/** What OAUTHBEARER sends. */
export interface BearerToken {
  readonly token: string;
  /** Wall-clock time; null when nobody knows. Default: what the token itself says, if it is a JWT. */
  readonly expiresAtMs?: number | null;
}

/** Gives a token that is valid now; called again before the last one ends. */
export type TokenProvider = () => Promise<BearerToken | string>;

/** Kafka's sasl.login.refresh.window.factor: a token is replaced when this much of its time is over. */
const REFRESH_AT = 0.8;

/** Keeps a token for most of its life, so that many connections do not each ask for one. */
export class TokenCache {
  readonly #provider: TokenProvider;
  readonly #wallMs: () => number;
  #token: BearerToken | null = null;
  #refreshAtMs = 0;
  #asking: Promise<BearerToken> | null = null;

  constructor(provider: TokenProvider, wallMs: () => number) {
    this.#provider = provider;
    this.#wallMs = wallMs;
  }

  /** Rejects with the provider's error. */
  get(): Promise<BearerToken> {
    if (this.#token !== null && this.#wallMs() < this.#refreshAtMs) return Promise.resolve(this.#token);
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  /** The broker refused it: the next one is asked for. */
  forget(): void {
    this.#token = null;
  }

  async #ask(): Promise<BearerToken> {
    const given = await this.#provider();
    const token = typeof given === 'string' ? { token: given.trim() } : given;
    const expiresAtMs = token.expiresAtMs ?? expiryOf(token.token);
    const nowMs = this.#wallMs();
    // A token whose end nobody knows is asked for each time: whoever gives it knows best.
    this.#refreshAtMs = expiresAtMs === null ? 0 : nowMs + (expiresAtMs - nowMs) * REFRESH_AT;
    this.#token = token;
    return token;
  }
}

/** When a JWT says that it ends, unverified; null when it does not say. */
export function expiryOf(token: string): number | null {
  const [, claims] = token.split('.');
  const bytes = claims === undefined ? null : fromBase64(claims);
  if (bytes === null) return null;
  try {
    const { exp } = JSON.parse(new TextDecoder().decode(bytes)) as { exp?: unknown };
    return typeof exp === 'number' && Number.isFinite(exp) ? exp * 1000 : null;
  } catch {
    // An opaque token that happens to have two dots.
    return null;
  }
}

/**
 * The token that Kafka's OAuthBearerLoginModule makes from options of its own for development: a JWT that nobody has
 * signed. @throws SecurityError 'token' when there is no subject.
 */
export function unsecuredToken(options: ReadonlyMap<string, string>, nowMs: number): BearerToken {
  const claims: Record<string, string | number | readonly string[]> = {};
  for (const [name, value] of options) {
    const match = /^unsecuredLogin(String|Number|List)Claim_(.+)$/.exec(name);
    if (match === null) continue;
    const [, kind, claim] = match;
    if (kind === 'String') claims[claim!] = value;
    else if (kind === 'Number') claims[claim!] = Number(value);
    // Kafka's form: the first character separates the others.
    else claims[claim!] = value === '' ? [] : value.slice(1).split(value[0]!);
  }
  const principal = options.get('unsecuredLoginPrincipalClaimName') ?? 'sub';
  if (typeof claims[principal] !== 'string') {
    throw new SecurityError('token', `OAUTHBEARER: an unsecured token needs unsecuredLoginStringClaim_${principal}`);
  }
  const seconds = Number(options.get('unsecuredLoginLifetimeSeconds') ?? 3600);
  if (!(seconds > 0)) throw new SecurityError('token', 'OAUTHBEARER: unsecuredLoginLifetimeSeconds is not above 0');
  claims.iat = nowMs / 1000;
  claims.exp = nowMs / 1000 + seconds;
  const part = (value: unknown): string => toBase64(new TextEncoder().encode(JSON.stringify(value)), 'base64url');
  return { token: `${part({ alg: 'none' })}.${part(claims)}.`, expiresAtMs: nowMs + seconds * 1000 };
}
