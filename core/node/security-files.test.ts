import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { ConfigInput } from '../client/index.ts';
import type { BearerToken, TokenProvider } from '../security/index.ts';
import { readSecurityFiles } from './security-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'security-files-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/tls/${name}.pem`, import.meta.url));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function refusal(config: ConfigInput): string {
  try {
    readSecurityFiles(config);
  } catch (error) {
    expect(error).toMatchObject({ kind: 'configuration' });
    expect((error as Error).message).not.toContain('hunter2');
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
}

describe('stores', () => {
  it('become PEM text, a key and its certificates apart', () => {
    const config = readSecurityFiles({
      'client.id': 'c',
      'ssl.truststore.location': fixture('authority'),
      'ssl.keystore.location': fixture('client'),
    });
    expect(config['client.id']).toBe('c');
    expect(config['ssl.truststore.location']).toBeUndefined();
    expect(config['ssl.truststore.certificates']).toBe(readFileSync(fixture('authority'), 'utf8'));
    const both = `${config['ssl.keystore.key']}${config['ssl.keystore.certificate.chain']}`;
    expect(both).toBe(readFileSync(fixture('client'), 'utf8'));
  });

  it('are found in what keytool -rfc prints around them', () => {
    const printed = `Keystore type: PKCS12\n\nAlias name: ca\n${readFileSync(fixture('authority'), 'utf8')}\n****\n`;
    const path = file('printed', printed);
    const { 'ssl.truststore.certificates': found } = readSecurityFiles({ 'ssl.truststore.location': path });
    expect(found).toBe(readFileSync(fixture('authority'), 'utf8'));
  });

  it("of Java's kinds are refused with the way to convert them", () => {
    const jks = file('a.jks', Uint8Array.of(0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2));
    const p12 = file('a.p12', Uint8Array.of(0x30, 0x82, 1, 2, 3, 4));
    expect(refusal({ 'ssl.truststore.location': jks })).toContain(
      `is a JKS store, and this client reads PEM. Convert it: keytool -list -rfc -keystore ${jks}`,
    );
    expect(refusal({ 'ssl.truststore.location': p12 })).toContain('is a PKCS12 store');
    expect(refusal({ 'ssl.keystore.location': jks })).toMatch(/-deststoretype PKCS12, then openssl pkcs12/);
    expect(refusal({ 'ssl.keystore.location': p12 })).toContain(`openssl pkcs12 -in ${p12} -nodes -out keystore.pem`);
  });

  it('that are missing, something else, or without what they should have are refused', () => {
    expect(refusal({ 'ssl.truststore.location': join(folder, 'none') })).toContain('cannot be read (ENOENT)');
    expect(refusal({ 'ssl.truststore.location': file('text', 'hunter2') })).toContain('is not PEM');
    expect(refusal({ 'ssl.keystore.location': fixture('authority') })).toContain('no private key');
    expect(refusal({ 'ssl.keystore.location': fixture('client-encrypted-key') })).toContain('no certificate');
    expect(refusal({ 'ssl.truststore.location': fixture('client-encrypted-key') })).toContain('no certificate');
  });
});

describe('token endpoints', () => {
  const closers: (() => void)[] = [];
  afterEach(() => {
    for (const close of closers.splice(0)) close();
  });

  async function endpoint(
    answer: (request: IncomingMessage, body: string, response: ServerResponse) => void,
  ): Promise<string> {
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (piece: string) => {
        body += piece;
      });
      request.on('end', () => answer(request, body, response));
    });
    closers.push(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
  }

  const configFor = (url: string): ConfigInput => ({
    'sasl.oauthbearer.token.endpoint.url': url,
    'sasl.oauthbearer.client.credentials.client.id': 'me',
    'sasl.oauthbearer.client.credentials.client.secret': 'hunter2',
    'sasl.oauthbearer.scope': 'kafka',
  });
  const ask = (config: ConfigInput): Promise<BearerToken | string> =>
    (readSecurityFiles(config)['sasl.oauthbearer.token'] as TokenProvider)();

  it('a file is read each time', async () => {
    const path = file('token', 'first\n');
    const config = readSecurityFiles({ 'sasl.oauthbearer.token.endpoint.url': pathToFileURL(path).href });
    expect(Object.keys(config)).toEqual(['sasl.oauthbearer.token']);
    const provider = config['sasl.oauthbearer.token'] as TokenProvider;
    expect(await provider()).toBe('first\n');
    file('token', 'second\n');
    expect(await provider()).toBe('second\n');
    rmSync(path);
    await expect(provider()).rejects.toMatchObject({ fault: 'token', message: `${path} cannot be read (ENOENT)` });
  });

  it('an endpoint is asked with the credentials of the client', async () => {
    let heard = '';
    const url = await endpoint((request, body, response) => {
      heard = `${request.method} ${request.headers.authorization} ${body}`;
      response.end(JSON.stringify({ access_token: 'a.b.c', expires_in: 60 }));
    });
    const before = Date.now();
    const token = (await ask(configFor(url))) as BearerToken;
    expect(heard).toBe(`POST Basic ${btoa('me:hunter2')} grant_type=client_credentials&scope=kafka`);
    expect(token.token).toBe('a.b.c');
    expect(token.expiresAtMs! - before).toBeGreaterThanOrEqual(60_000);
    const jaas = 'OAuthBearerLoginModule required clientId="me" clientSecret="hunter2" scope="kafka";';
    await ask({ 'sasl.oauthbearer.token.endpoint.url': url, 'sasl.jaas.config': jaas });
    expect(heard).toContain(`Basic ${btoa('me:hunter2')}`);
  });

  it.each([
    ['a refusal', 401, 'hunter2 is wrong', /status 401/],
    ['no JSON', 200, 'hunter2', /without an access_token/],
    ['no token', 200, '{"hunter2":1}', /without an access_token/],
    ['endless words', 200, 'hunter2'.repeat(200_000), /does not answer: RangeError/],
  ])('%s is told without what was said', async (_, status, body, says) => {
    const url = await endpoint((_request, _body, response) => {
      response.statusCode = status;
      response.end(body);
    });
    const error = await ask(configFor(url)).catch((reason: unknown) => reason as Error);
    expect(error).toMatchObject({ fault: 'token' });
    expect((error as Error).message).toMatch(says);
    expect((error as Error).message).not.toContain('hunter2');
  });

  it('a redirect would carry the secret elsewhere', async () => {
    let elsewhere = 0;
    const other = await endpoint((_request, _body, response) => {
      elsewhere++;
      response.end('{"access_token":"a"}');
    });
    const url = await endpoint((_request, _body, response) => {
      response.writeHead(307, { location: other }).end();
    });
    await expect(ask(configFor(url))).rejects.toMatchObject({ fault: 'token' });
    expect(elsewhere).toBe(0);
  });

  it('is refused when it is none, or the credentials are missing', () => {
    expect(refusal({ 'sasl.oauthbearer.token.endpoint.url': 'ftp://x' })).toContain('no URL with file:');
    expect(refusal({ 'sasl.oauthbearer.token.endpoint.url': 'https://x/' })).toContain('the endpoint wants');
  });
});
