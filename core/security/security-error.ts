/** What was wrong when two ends could not agree on who the other one is. */
export type SecurityFault =
  /** The user name or the password. */
  | 'password'
  | 'token'
  /** The mechanism is not one that the broker offers, or not one that this client has. */
  | 'mechanism'
  /** The broker's certificate is not one for the host that was dialled. */
  | 'hostName'
  /** Nobody trusted has signed the broker's certificate. */
  | 'authority'
  /** The broker's certificate is not valid at this time. */
  | 'expired'
  /** The broker wants a certificate of this client's, or another one. */
  | 'clientCertificate'
  /** The broker could not prove that it knows the password too. */
  | 'server'
  /** One end speaks TLS or SASL and the other does not, or something else was said than the mechanism allows. */
  | 'protocol'
  /** A certificate or a key of this client's cannot be used. */
  | 'credentials';

/** No retry cures it. The message never contains a secret. */
export class SecurityError extends Error {
  readonly fault: SecurityFault;
  constructor(fault: SecurityFault, message: string) {
    super(message);
    this.name = 'SecurityError';
    this.fault = fault;
  }
}
