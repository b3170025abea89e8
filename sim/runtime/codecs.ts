import { crc32c } from '../../core/records/crc32c.ts';
import { lz4Compress, lz4Decompress } from '../../core/records/lz4.ts';
import { snappyCompress, snappyDecompress } from '../../core/records/snappy.ts';
import { CodecError, type Codecs } from '../../core/runtime.ts';

/**
 * Codecs without the platform: CRC-32C, LZ4 and Snappy in plain TypeScript; gzip and zstd are refused. For worlds where
 * no platform may be reached; where one is, its own codecs (pure functions too) are faster and complete.
 */
export const plainCodecs: Codecs = {
  crc32c,

  compress(type, bytes) {
    if (type === 'none') return bytes;
    if (type === 'lz4') return lz4Compress(bytes);
    if (type === 'snappy') return snappyCompress(bytes);
    throw new CodecError(`${type}: not among the plain codecs`);
  },

  decompress(type, bytes, maxBytes) {
    if (type === 'none') {
      if (bytes.length > maxBytes) throw new CodecError(`none: content exceeds ${maxBytes} bytes`);
      return bytes;
    }
    if (type === 'lz4') return lz4Decompress(bytes, maxBytes);
    if (type === 'snappy') return snappyDecompress(bytes, maxBytes);
    throw new CodecError(`${type}: not among the plain codecs`);
  },
};
