import { ErrorCode, saslAuthenticate, saslHandshake } from '../../protocol/index.ts';
import { toBase64 } from '../../security/base64.ts';
import { digestOf, type HashAlgorithm } from '../../security/hash.ts';
import { Hmac } from '../../security/hmac.ts';
import { pbkdf2 } from '../../security/pbkdf2.ts';
import { sha256 } from '../../security/sha256.ts';
import type { FakeBroker } from './fake-broker.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** A broker's side of SASL, as far as tests need it: one mechanism, one user, one connection at a time. */
export class SaslServer {
  mechanism: string = 'SCRAM-SHA-256';
  password: string = 'pencil';
  sessionLifetimeMs = 0;
  /** Takes one more message before it answers. */
  delayMs = 0;
  /** Says this instead of what it should. */
  answer: ((request: string) => string) | null = null;
  /** Exchanges that ended well. */
  accepted = 0;
  readonly messages: string[] = [];
  #first = '';
  #challenge = '';

  serve(broker: FakeBroker): void {
    broker.on(saslHandshake, ({ mechanism }) => {
      const errorCode = mechanism === this.mechanism ? ErrorCode.none : ErrorCode.unsupportedSaslMechanism;
      return { kind: 'answer', body: { errorCode, mechanisms: [this.mechanism] } };
    });
    broker.on(saslAuthenticate, ({ authBytes }) => {
      const request = decode(authBytes);
      this.messages.push(request);
      const said = this.answer === null ? this.#answer(request) : this.answer(request);
      const { sessionLifetimeMs, delayMs: afterMs } = this;
      if (said !== null) return { kind: 'answer', afterMs, body: { authBytes: encode(said), sessionLifetimeMs } };
      const errorCode = ErrorCode.saslAuthenticationFailed;
      const errorMessage = 'Authentication failed';
      return { kind: 'answer', afterMs, body: { errorCode, errorMessage, authBytes: new Uint8Array() } };
    });
  }

  /** null is a refusal. */
  #answer(request: string): string | null {
    if (this.mechanism === 'PLAIN') return this.#take(request === `\0user\0${this.password}`) ? '' : null;
    if (this.mechanism === 'OAUTHBEARER') {
      return this.#take(request === `n,,\x01auth=Bearer ${this.password}\x01\x01`)
        ? ''
        : request === '\x01'
          ? null
          : '{"status":"invalid_token"}';
    }
    if (request.startsWith('n,,')) {
      this.#first = request.slice(3);
      this.#challenge = `${this.#first.slice(this.#first.indexOf('r='))}server,s=${toBase64(encode('salt'))},i=4096`;
      return this.#challenge;
    }
    return this.#scram(sha256, request);
  }

  #scram(algorithm: HashAlgorithm, request: string): string | null {
    const [withoutProof, proof] = request.split(',p=');
    const salted = new Hmac(algorithm, pbkdf2(algorithm, encode(this.password), encode('salt'), 4096, 32));
    const exchanged = encode(`${this.#first},${this.#challenge},${withoutProof}`);
    const clientKey = salted.of(encode('Client Key'));
    const signature = new Hmac(algorithm, digestOf(algorithm, clientKey)).of(exchanged);
    const expected = toBase64(clientKey.map((byte, at) => byte ^ signature[at]!));
    if (!this.#take(proof === expected)) return null;
    return `v=${toBase64(new Hmac(algorithm, salted.of(encode('Server Key'))).of(exchanged))}`;
  }

  #take(isRight: boolean): boolean {
    if (isRight) this.accepted++;
    return isRight;
  }
}
