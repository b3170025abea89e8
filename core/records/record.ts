/** Names are UTF-8 text on the wire; a value may be null. Names may repeat, and their order counts. */
export interface RecordHeader {
  name: string;
  value: Uint8Array | null;
}

/** One decoded record. `key` and `value` are views into the batch's (decompressed) bytes: copy them to keep them. */
export interface DecodedRecord {
  offset: number;
  /** Milliseconds since the epoch, -1 for none. */
  timestamp: number;
  key: Uint8Array | null;
  value: Uint8Array | null;
  headers: RecordHeader[];
}

export const NO_HEADERS: readonly RecordHeader[] = [];
