/** Exit codes, as the README lists them. Durability outranks the rest. */
export const EXIT = {
  pass: 0,
  badWorkload: 20,
  runFailed: 21,
  thresholdBreached: 22,
  regression: 23,
  durabilityViolation: 24,
  inconclusive: 25,
} as const;

/** An expected end of a command: its message is for the user, without a stack. */
export class CommandError extends Error {
  readonly exit: number;
  constructor(exit: number, message: string) {
    super(message);
    this.name = 'CommandError';
    this.exit = exit;
  }
}
