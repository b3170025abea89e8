import { consumerProtocolSubscription, DecodeError, decodeMessage } from '../protocol/index.ts';
import { readInt16 } from '../records/integers.ts';

const NEWEST_VERSION = 3;

/** The topics of a consumer's subscription, null when the bytes are none. */
export function subscribedTopics(metadata: Uint8Array): readonly string[] | null {
  if (metadata.length < 2) return null;
  const version = readInt16(metadata, 0);
  if (version < 0 || version > NEWEST_VERSION) return null;
  try {
    return decodeMessage(consumerProtocolSubscription, version, metadata, 2).topics;
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}
