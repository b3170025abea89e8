import type { Outcome } from './assemble.ts';
import { CommandError } from './exit.ts';
export async function runLive(): Promise<Outcome> {
  throw new CommandError(21, 'x');
}
