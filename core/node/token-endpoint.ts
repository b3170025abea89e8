import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ClientError, type ConfigInput } from '../client/index.ts';
import { type BearerToken, parseJaas, SecurityError, type TokenProvider } from '../security/index.ts';

const URL_NAME = 'sasl.oauthbearer.token.endpoint.url';
const ID_NAME = 'sasl.oauthbearer.client.credentials.client.id';
const SECRET_NAME = 'sasl.oauthbearer.client.credentials.client.secret';
const SCOPE_NAME = 'sasl.oauthbearer.scope';
const ANSWER_MS = 10_000;
/** Far more than any token's answer. */
const MAX_ANSWER_BYTES = 1 << 20;

/**
 * Replaces Kafka's configs of a token endpoint (KIP-768, KIP-1139) by `sasl.oauthbearer.token`: `file:` is read each
 * time a token is wanted, `https:` is asked with the client's id and secret (RFC 6749, 4.4), which stand in configs of
 * their own or in sasl.jaas.config. @throws ClientError 'configuration'.
 */
export function tokenProvider(config: ConfigInput): ConfigInput {
  const { [URL_NAME]: given, [ID_NAME]: id, [SECRET_NAME]: secret, [SCOPE_NAME]: scope, ...rest } = config;
  if (given === undefined) return config;
  const url = URL.canParse(String(given)) ? new URL(String(given)) : null;
  switch (url?.protocol) {
    case 'file:':
      return { ...rest, 'sasl.oauthbearer.token': tokenFile(fileURLToPath(url)) };
    case 'http:':
    case 'https:': {
      const options = optionsOf(rest['sasl.jaas.config']);
      const clientId = text(id) ?? options.get('clientId');
      const clientSecret = text(secret) ?? options.get('clientSecret');
      if (clientId === undefined || clientSecret === undefined) {
        throw invalid(URL_NAME, `the endpoint wants ${ID_NAME} and ${SECRET_NAME}`);
      }
      const ask = { url, clientId, clientSecret, scope: text(scope) ?? options.get('scope') };
      return { ...rest, 'sasl.oauthbearer.token': () => askEndpoint(ask) };
    }
    default:
      throw invalid(URL_NAME, 'this is no URL with file:, https: or http:');
  }
}

function tokenFile(path: string): TokenProvider {
  return async () => {
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      throw new SecurityError(
        'token',
        `${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
      );
    }
  };
}

async function askEndpoint(ask: {
  readonly url: URL;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string | undefined;
}): Promise<BearerToken> {
  const { url, clientId, clientSecret, scope } = ask;
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) });
  const identity = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString(
    'base64',
  );
  const where = `${url.origin}${url.pathname}`;
  let answer: Response;
  let said: string;
  try {
    answer = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Basic ${identity}`, accept: 'application/json' },
      body,
      // A redirect would carry the secret elsewhere.
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    said = await textOf(answer);
  } catch (error) {
    const cause = (error as { cause?: { code?: string } }).cause?.code;
    throw new SecurityError('token', `${where} does not answer: ${cause ?? (error as Error).name}`);
  }
  // The body may repeat what was sent: it is not told.
  if (!answer.ok) throw new SecurityError('token', `${where} gives no token: status ${answer.status}`);
  const { token, expiresInSeconds } = tokenIn(said);
  if (token === null) throw new SecurityError('token', `${where} answers without an access_token`);
  return expiresInSeconds === null ? { token } : { token, expiresAtMs: Date.now() + expiresInSeconds * 1000 };
}

async function textOf(answer: Response): Promise<string> {
  const decoder = new TextDecoder();
  let said = '';
  for await (const piece of answer.body ?? []) {
    said += decoder.decode(piece, { stream: true });
    if (said.length > MAX_ANSWER_BYTES) throw new RangeError('the answer is too long');
  }
  return said;
}

function tokenIn(said: string): { token: string | null; expiresInSeconds: number | null } {
  try {
    const { access_token: token, expires_in: seconds } = JSON.parse(said) as Record<string, unknown>;
    return {
      token: typeof token === 'string' ? token : null,
      expiresInSeconds: typeof seconds === 'number' && seconds > 0 ? seconds : null,
    };
  } catch {
    // Not JSON: no token in it.
    return { token: null, expiresInSeconds: null };
  }
}

function optionsOf(jaas: ConfigInput[string] | undefined): ReadonlyMap<string, string> {
  if (typeof jaas !== 'string') return new Map();
  try {
    return parseJaas(jaas).options;
  } catch (error) {
    if (error instanceof SecurityError) throw invalid('sasl.jaas.config', error.message);
    throw error;
  }
}

function text(value: ConfigInput[string] | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : String(value);
}

function invalid(name: string, reason: string): ClientError {
  return new ClientError('configuration', `${name}: ${reason}`, -1, true);
}
