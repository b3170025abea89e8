import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../random.ts';
import { parseJaas } from './jaas.ts';
import { startExchange } from './sasl.ts';
import { ScramExchange, ScramKeys } from './scram.ts';
import { SecurityError, type SecurityFault } from './security-error.ts';
import { sha256 } from './sha256.ts';
import { sha512 } from './sha512.ts';
import { expiryOf, TokenCache, unsecuredToken } from './token.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array | null): string => new TextDecoder().decode(bytes!);

function fault(act: () => unknown): SecurityFault {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(SecurityError);
    return (error as SecurityError).fault;
  }
  throw new Error('nothing was thrown');
}

function scram(
  over: Partial<{ username: string; password: string; isToken: boolean }> = {},
  nonce = 'rOprNGfwEbeRWgbNEkqO',
) {
  return new ScramExchange(
    sha256,
    { username: 'user', password: 'pencil', isToken: false, keys: new ScramKeys(), ...over },
    nonce,
  );
}

const SERVER_FIRST = 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096';

describe('SCRAM', () => {
  it('says what RFC 7677 shows, and takes the true signature only', () => {
    const exchange = scram();
    expect(decode(exchange.respond(null))).toBe('n,,n=user,r=rOprNGfwEbeRWgbNEkqO');
    expect(decode(exchange.respond(encode(SERVER_FIRST)))).toBe(
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    );
    expect(exchange.respond(encode('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='))).toBeNull();
  });

  it.each([
    ['another signature', 'v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=', 'server'],
    ['a shorter one', 'v=6rri', 'server'],
    ['none', 'x=1', 'server'],
    ['nothing', '', 'protocol'],
    ['an error', 'e=invalid-proof', 'password'],
  ] as const)('refuses a broker that proves itself with %s', (_, answer, expected) => {
    const exchange = scram();
    exchange.respond(null);
    exchange.respond(encode(SERVER_FIRST));
    expect(fault(() => exchange.respond(encode(answer)))).toBe(expected);
  });

  it.each([
    ['a nonce of its own', 'r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096', 'server'],
    ['our nonce alone', 'r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096', 'server'],
    ['few iterations', SERVER_FIRST.replace('4096', '1'), 'server'],
    ['endless iterations', SERVER_FIRST.replace('4096', '2000000000'), 'server'],
    ['no iterations', SERVER_FIRST.replace(',i=4096', ''), 'server'],
    ['no salt', SERVER_FIRST.replace('W22ZaJ0SNY7soEsUEjb6gQ==', ''), 'protocol'],
    ['an extension that must be known', `${SERVER_FIRST},m=1`, 'protocol'],
    ['an error', 'e=unknown-user', 'password'],
    ['something else', '\x00\x01\x02', 'protocol'],
  ] as const)('refuses a challenge with %s', (_, challenge, expected) => {
    const exchange = scram();
    exchange.respond(null);
    expect(fault(() => exchange.respond(encode(challenge)))).toBe(expected);
  });

  it('ends in a typed error for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const exchange = scram();
        exchange.respond(null);
        fault(() => exchange.respond(bytes));
      }),
    );
  });

  it('escapes user names, and marks delegation tokens', () => {
    expect(decode(scram({ username: 'a=b,c' }, 'n').respond(null))).toBe('n,,n=a=3Db=2Cc,r=n');
    expect(decode(scram({ isToken: true }, 'n').respond(null))).toBe('n,,n=user,r=n,tokenauth=true');
  });

  it('agrees with a server made from the platform, in SHA-512 and in any script', () => {
    const password = 'pässwörd 密码';
    const exchange = new ScramExchange(sha512, { username: 'u', password, isToken: false, keys: new ScramKeys() }, 'n');
    const bare = decode(exchange.respond(null)).slice(3);
    const salt = Buffer.from('salty');
    const challenge = `r=nserver,s=${salt.toString('base64')},i=4096`;
    const [withoutProof, proof] = decode(exchange.respond(encode(challenge))).split(',p=');
    const salted = pbkdf2Sync(password, salt, 4096, 64, 'sha512');
    const mac = (key: Uint8Array, message: string): Buffer => createHmac('sha512', key).update(message).digest();
    const storedKey = createHash('sha512').update(mac(salted, 'Client Key')).digest();
    const exchanged = `${bare},${challenge},${withoutProof}`;
    const signature = mac(storedKey, exchanged);
    const clientKey = Buffer.from(proof!, 'base64').map((byte, at) => byte ^ signature[at]!);
    expect(createHash('sha512').update(clientKey).digest('hex')).toBe(storedKey.toString('hex'));
    const v = mac(mac(salted, 'Server Key'), exchanged).toString('base64');
    expect(exchange.respond(encode(`v=${v}`))).toBeNull();
  });

  it('does not derive the same key twice', () => {
    const keys = new ScramKeys();
    const salt = encode('salt');
    const first = keys.salted(sha256, 'secret', salt, 4096);
    expect(keys.salted(sha256, 'secret', salt, 4096)).toBe(first);
    expect(keys.salted(sha256, 'secret', encode('other'), 4096)).not.toEqual(first);
  });
});

describe('PLAIN and OAUTHBEARER', () => {
  const random = createRandom('sasl');
  const always = (token: string): TokenCache =>
    new TokenCache(
      async () => ({ token }),
      () => 0,
    );

  it('PLAIN says all at once', async () => {
    const exchange = await startExchange({ mechanism: 'PLAIN', username: 'me', password: 'pw' }, random);
    expect(decode(exchange.respond(null))).toBe('\0me\0pw');
    expect(exchange.respond(new Uint8Array())).toBeNull();
  });

  it('OAUTHBEARER sends the token and lets the broker end a refusal', async () => {
    const extensions = new Map([['logicalCluster', 'lkc-1']]);
    const tokens = always('a.b.c');
    const exchange = await startExchange({ mechanism: 'OAUTHBEARER', tokens, extensions }, random);
    expect(decode(exchange.respond(null))).toBe('n,,\x01auth=Bearer a.b.c\x01logicalCluster=lkc-1\x01\x01');
    expect(decode(exchange.respond(encode('{"status":"invalid_token"}')))).toBe('\x01');
    expect(exchange.respond(new Uint8Array())).toBeNull();
  });

  it('OAUTHBEARER refuses a token that would say something else', async () => {
    for (const bad of ['', 'a b', 'a\x01user=root']) {
      const started = startExchange({ mechanism: 'OAUTHBEARER', tokens: always(bad), extensions: new Map() }, random);
      await expect(started).rejects.toMatchObject({ fault: 'token' });
    }
  });

  it('nonces differ', async () => {
    const credentials = {
      mechanism: 'SCRAM-SHA-256',
      username: 'u',
      password: 'p',
      isToken: false,
      keys: new ScramKeys(),
    } as const;
    const first = decode((await startExchange(credentials, random)).respond(null));
    const second = decode((await startExchange(credentials, random)).respond(null));
    expect(first).toMatch(/^n,,n=u,r=[\da-f]{40}$/);
    expect(second).not.toBe(first);
  });
});

describe('tokens', () => {
  it('unsecured ones carry claims and an end', () => {
    const options = new Map([
      ['unsecuredLoginStringClaim_sub', 'alice'],
      ['unsecuredLoginListClaim_scope', '|a|b'],
      ['unsecuredLoginNumberClaim_level', '3'],
      ['unsecuredLoginLifetimeSeconds', '60'],
    ]);
    const { token, expiresAtMs } = unsecuredToken(options, 1_000_000);
    const [header, claims, signature] = token.split('.');
    const json = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
    expect(json(header!)).toEqual({ alg: 'none' });
    expect(json(claims!)).toEqual({ sub: 'alice', scope: ['a', 'b'], level: 3, iat: 1000, exp: 1060 });
    expect(signature).toBe('');
    expect(expiresAtMs).toBe(1_060_000);
    expect(expiryOf(token)).toBe(1_060_000);
    expect(fault(() => unsecuredToken(new Map(), 0))).toBe('token');
  });

  it('an opaque token has no known end', () => {
    for (const token of ['', 'opaque', 'a.b.c', 'a.!.c', 'a.bnVsbA.c']) expect(expiryOf(token)).toBeNull();
  });

  it('are asked for once, and again before they end', async () => {
    let nowMs = 0;
    let asked = 0;
    const cache = new TokenCache(
      async () => ({ token: `t${++asked}`, expiresAtMs: nowMs + 1000 }),
      () => nowMs,
    );
    expect((await Promise.all([cache.get(), cache.get()])).map(({ token }) => token)).toEqual(['t1', 't1']);
    nowMs = 799;
    expect((await cache.get()).token).toBe('t1');
    nowMs = 800;
    expect((await cache.get()).token).toBe('t2');
    cache.forget();
    expect((await cache.get()).token).toBe('t3');
  });
});

describe('sasl.jaas.config', () => {
  it('is read as Java reads it', () => {
    const entry = parseJaas(
      'org.apache.kafka.common.security.scram.ScramLoginModule required\n  username="al\\"ice" password=\'p=;w\' tokenauth=true ;',
    );
    expect(entry.module).toBe('ScramLoginModule');
    expect([...entry.options]).toEqual([
      ['username', 'al"ice'],
      ['password', 'p=;w'],
      ['tokenauth', 'true'],
    ]);
  });

  it.each([
    '',
    ';',
    'A',
    'A required',
    'A required username="hunter2"',
    'A required password="hunter2',
    'A required hunter2;',
    'A required password=;',
    'A hunter2=1;',
    'A required a="1"; B required b="hunter2";',
  ])('refuses %s without repeating it', (text) => {
    expect(fault(() => parseJaas(text))).toBe('credentials');
    expect(() => parseJaas(text)).not.toThrow(/hunter2/);
  });
});
