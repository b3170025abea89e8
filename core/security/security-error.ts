/** What was wrong when two ends could not agree by SASL on who they are. */
export type SecurityFault =
  /** The user name or the password. */
  | 'password'
  | 'token'
  /** The mechanism is not one that the broker offers, or not one that this client has. */
  | 'mechanism'
  /** The broker could not prove that it knows the password too. */
  | 'server'
  /** One end speaks SASL and the other does not, or something else was said than the mechanism allows. */
  | 'protocol'
  /** sasl.jaas.config cannot be used. */
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
