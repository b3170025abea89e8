/** Who is at the other end: SASL mechanisms and the hash functions under them. */
export { type JaasEntry, parseJaas } from './jaas.ts';
export { certificatesOf, keysOf, pemBlocks } from './pem.ts';
export { SASL_MECHANISMS, type SaslCredentials, type SaslExchange, type SaslMechanism, startExchange } from './sasl.ts';
export { ScramKeys } from './scram.ts';
export { SecurityError, type SecurityFault } from './security-error.ts';
export { type BearerToken, TokenCache, type TokenProvider, unsecuredToken } from './token.ts';
