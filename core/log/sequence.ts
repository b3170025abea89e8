import { LogError, type Refusal } from './outcomes.ts';
import type { ProducerEntry } from './producer-entry.ts';
import type { Verification } from './verifications.ts';

/** ProducerAppendInfo.checkSequence. A producer that this log does not know may begin anywhere: its past may be gone. */
export function checkSequence(
  entry: ProducerEntry | undefined,
  epoch: number,
  first: number,
  verification: Verification | undefined,
): Refusal | null {
  if (verification !== undefined && first > verification.lowestSequence) {
    return outOfOrder(`sequence ${first} comes before the transaction's first, ${verification.lowestSequence}`);
  }
  if (entry === undefined || entry.epoch === -1) {
    // With transaction version 2 every epoch begins at 0, so a gap can be told.
    return verification?.supportsEpochBump === true && first !== 0
      ? outOfOrder(`an unknown producer begins at sequence ${first}`)
      : null;
  }
  const last = entry.lastSequence;
  const inOrder =
    epoch !== entry.epoch
      ? first === 0
      : // A producer known by its markers only (sequence -1) begins at 0, as after a new epoch.
        first === last + 1 || (first === 0 && last === 2147483647);
  return inOrder
    ? null
    : outOfOrder(`producer ${entry.producerId} epoch ${epoch}: sequence ${first} after ${last} (epoch ${entry.epoch})`);
}

function outOfOrder(message: string): Refusal {
  return { errorCode: LogError.outOfOrderSequence, message };
}
