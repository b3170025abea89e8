import { ErrorCode } from '../../protocol/index.ts';
import { ClientError } from '../client-error.ts';
import type { SendResult } from './result.ts';

export function closed(): ClientError {
  return new ClientError('closed', 'the producer is closed', -1, true);
}

/** Why a record did not get into a batch. `givenUp`: its transaction can only be aborted. */
export type Refused = 'tooLarge' | 'full' | 'noPartition' | 'givenUp';

/** A record that was refused before it got into a batch. */
export function failure(why: Refused): Extract<SendResult, { kind: 'failed' }> {
  switch (why) {
    case 'tooLarge':
      return failed(ErrorCode.messageTooLarge, 'the record is larger than max.request.size or buffer.memory');
    case 'full':
      return failed(-1, 'buffer.memory stayed full for max.block.ms');
    case 'noPartition':
      return failed(ErrorCode.unknownTopicOrPartition, 'the topic has no such partition');
    case 'givenUp':
      return failed(ErrorCode.transactionAbortable, 'the transaction has failed already, or is being aborted');
  }
}

function failed(errorCode: number, message: string): Extract<SendResult, { kind: 'failed' }> {
  return { kind: 'failed', errorCode, definite: true, message };
}
