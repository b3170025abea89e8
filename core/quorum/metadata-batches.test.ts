import { expect, test } from 'vitest';
import { nodeCodecs } from '../node/codecs.ts';
import { DecodeError, metadataRecord, topicRecord } from '../protocol/index.ts';
import { decodeMetadataBatches, encodeMetadataBatch } from './metadata-batches.ts';

const position = { baseOffset: 7, epoch: 3, nowMs: 1_000 };
const record = metadataRecord(topicRecord, 0, { name: 'orders', topicId: 'AAAAAAAAAAAAAAAAAAAAAQ' });

test('records come out as they went in, at their offsets and epoch', () => {
  const bytes = encodeMetadataBatch([record, record], position, nodeCodecs);
  expect(decodeMetadataBatches(bytes, nodeCodecs)).toMatchObject({
    batches: [{ baseOffset: 7, lastOffset: 8, epoch: 3, records: [record, record] }],
    control: [],
    unknown: [],
  });
});

test('no bit that the checksum covers can have changed without an error: it would become what the cluster is', () => {
  const whole = encodeMetadataBatch([record], position, nodeCodecs);
  const CRC_AT = 17;
  for (let at = CRC_AT; at < whole.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const bytes = whole.slice();
      bytes[at]! ^= 1 << bit;
      expect(() => decodeMetadataBatches(bytes, nodeCodecs), `bit ${bit} of byte ${at}`).toThrow(DecodeError);
    }
  }
});
