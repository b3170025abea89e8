import { fromBase64, toBase64 } from './base64.ts';
import { digestOf, type HashAlgorithm } from './hash.ts';
import { equalInConstantTime, Hmac } from './hmac.ts';
import { pbkdf2 } from './pbkdf2.ts';
import type { SaslExchange } from './sasl.ts';
import { SecurityError, type SecurityFault } from './security-error.ts';

/** Kafka takes no fewer; with fewer a captured exchange gives the password away more cheaply. */
const MIN_ITERATIONS = 4096;
/** Kafka's brokers store 16384 at most. A broker that asks for more costs us a second per connection at most. */
const MAX_ITERATIONS = 100_000;

/** Remembers what was derived from the password for one salt and count. */
export class ScramKeys {
  #name = '';
  #salted: Uint8Array | null = null;

  salted(algorithm: HashAlgorithm, password: string, salt: Uint8Array, iterations: number): Uint8Array {
    const name = `${algorithm.name} ${iterations} ${toBase64(salt)}`;
    if (this.#salted === null || this.#name !== name) {
      const secret = new TextEncoder().encode(password);
      this.#salted = pbkdf2(algorithm, secret, salt, iterations, algorithm.digestBytes);
      this.#name = name;
    }
    return this.#salted;
  }
}

type State =
  | { readonly kind: 'first' }
  | { readonly kind: 'challenged'; readonly bare: string }
  | { readonly kind: 'proven'; readonly signature: Uint8Array }
  | { readonly kind: 'done' };

/**
 * RFC 5802 without channel binding: Kafka has no -PLUS mechanisms. The password's bytes are used as they are, as Kafka
 * does, without SASLprep.
 */
export class ScramExchange implements SaslExchange {
  readonly refusalFault: SecurityFault = 'password';
  readonly #algorithm: HashAlgorithm;
  readonly #credentials: {
    readonly username: string;
    readonly password: string;
    readonly isToken: boolean;
    readonly keys: ScramKeys;
  };
  readonly #nonce: string;
  #state: State = { kind: 'first' };

  constructor(
    algorithm: HashAlgorithm,
    credentials: { username: string; password: string; isToken: boolean; keys: ScramKeys },
    nonce: string,
  ) {
    this.#algorithm = algorithm;
    this.#credentials = credentials;
    this.#nonce = nonce;
  }

  respond(challenge: Uint8Array | null): Uint8Array | null {
    const state = this.#state;
    switch (state.kind) {
      case 'first': {
        const name = this.#credentials.username.replaceAll('=', '=3D').replaceAll(',', '=2C');
        const bare = `n=${name},r=${this.#nonce}${this.#credentials.isToken ? ',tokenauth=true' : ''}`;
        this.#state = { kind: 'challenged', bare };
        return encode(`n,,${bare}`);
      }
      case 'challenged':
        return this.#prove(state.bare, attributesOf(challenge));
      case 'proven':
        this.#verify(state.signature, attributesOf(challenge));
        this.#state = { kind: 'done' };
        return null;
      case 'done':
        throw broken('the broker goes on after the end');
    }
  }

  #prove(bare: string, challenge: Attributes): Uint8Array {
    refuseError(challenge);
    const nonce = challenge.get('r') ?? '';
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw new SecurityError('server', 'SCRAM: the broker answered with a nonce that does not continue ours');
    }
    if (challenge.has('m')) throw broken('the broker demands an extension');
    const salt = fromBase64(challenge.get('s') ?? '');
    if (salt === null || salt.length === 0) throw broken('there is no salt');
    const iterations = Number(challenge.get('i'));
    if (!Number.isInteger(iterations) || iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS) {
      throw new SecurityError(
        'server',
        `SCRAM: the broker asks for ${challenge.get('i')?.slice(0, 20)} iterations; ${MIN_ITERATIONS} to ${MAX_ITERATIONS} are acceptable`,
      );
    }
    const { keys, password } = this.#credentials;
    const salted = new Hmac(this.#algorithm, keys.salted(this.#algorithm, password, salt, iterations));
    const clientKey = salted.of(encode('Client Key'));
    // 'biws' is the base64 of 'n,,': no channel binding.
    const withoutProof = `c=biws,r=${nonce}`;
    const exchanged = encode(`${bare},${challenge.text},${withoutProof}`);
    const signature = new Hmac(this.#algorithm, digestOf(this.#algorithm, clientKey)).of(exchanged);
    const proof = clientKey.map((byte, at) => byte ^ signature[at]!);
    this.#state = {
      kind: 'proven',
      signature: new Hmac(this.#algorithm, salted.of(encode('Server Key'))).of(exchanged),
    };
    return encode(`${withoutProof},p=${toBase64(proof)}`);
  }

  #verify(expected: Uint8Array, answer: Attributes): void {
    refuseError(answer);
    const signature = fromBase64(answer.get('v') ?? '');
    if (signature === null || !equalInConstantTime(expected, signature)) {
      throw new SecurityError(
        'server',
        'SCRAM: the broker could not prove that it knows the password: it may be a false one',
      );
    }
  }
}

class Attributes extends Map<string, string> {
  readonly text: string;
  constructor(text: string) {
    super();
    this.text = text;
    for (const part of text.split(',')) {
      if (!/^[A-Za-z]=/.test(part)) throw broken('a message is not a list of attributes');
      this.set(part[0]!, part.slice(2));
    }
  }
}

function attributesOf(challenge: Uint8Array | null): Attributes {
  try {
    return new Attributes(new TextDecoder('utf-8', { fatal: true }).decode(challenge ?? new Uint8Array()));
  } catch (error) {
    throw error instanceof SecurityError ? error : broken('a message is not UTF-8');
  }
}

function refuseError(attributes: Attributes): void {
  const error = attributes.get('e');
  if (error !== undefined) throw new SecurityError('password', `SCRAM: the broker refuses: ${error.slice(0, 100)}`);
}

function broken(reason: string): SecurityError {
  return new SecurityError('protocol', `SCRAM: ${reason}`);
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
