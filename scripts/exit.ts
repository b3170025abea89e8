import type { ExitCode } from '../reports/run-record.ts';

/** An expected end of a command: its message is for the user, without a stack. */
export class CommandError extends Error {
  readonly exit: ExitCode;
  constructor(exit: ExitCode, message: string) {
    super(message);
    this.name = 'CommandError';
    this.exit = exit;
  }
}
