import zlib from 'node:zlib';
import { crc32c as nativeCrc32c } from '@node-rs/crc32';
import { crc32c as plainCrc32c } from '../records/crc32c.ts';
import { lz4Compress, lz4Decompress } from '../records/lz4.ts';
import { snappyCompress, snappyDecompress } from '../records/snappy.ts';
import { CodecError, type Codecs } from '../runtime.ts';

/** Below this the call into native code costs more than it saves. */
const NATIVE_CRC_BYTES = 128;

/** gzip and zstd by node:zlib, CRC-32C by @node-rs/crc32; lz4 and snappy are plain TypeScript of core/records. */
export const nodeCodecs: Codecs = {
  crc32c(bytes, initial = 0) {
    return bytes.length < NATIVE_CRC_BYTES ? plainCrc32c(bytes, initial) : nativeCrc32c(bytes, initial);
  },

  compress(type, bytes, level) {
    switch (type) {
      case 'none':
        return bytes;
      case 'gzip':
        return plain(zlib.gzipSync(bytes, level === undefined ? {} : { level }));
      case 'snappy':
        return snappyCompress(bytes);
      case 'lz4':
        return lz4Compress(bytes);
      case 'zstd':
        return plain(
          zlib.zstdCompressSync(
            bytes,
            level === undefined ? {} : { params: { [zlib.constants.ZSTD_c_compressionLevel]: level } },
          ),
        );
    }
  },

  decompress(type, bytes, maxBytes) {
    switch (type) {
      case 'none':
        if (bytes.length > maxBytes) throw new CodecError(`none: content exceeds ${maxBytes} bytes`);
        return bytes;
      case 'gzip':
        return inflate('gzip', maxBytes, (maxOutputLength) => zlib.gunzipSync(bytes, { maxOutputLength }));
      case 'snappy':
        return snappyDecompress(bytes, maxBytes);
      case 'lz4':
        return lz4Decompress(bytes, maxBytes);
      case 'zstd':
        return inflate('zstd', maxBytes, (maxOutputLength) => zlib.zstdDecompressSync(bytes, { maxOutputLength }));
    }
  },
};

/** zlib grows its output piece by piece and stops at the bound. */
function inflate(name: string, maxBytes: number, run: (maxOutputLength: number) => Uint8Array): Uint8Array {
  try {
    return plain(run(Math.max(1, Math.min(maxBytes, 2147483647))));
  } catch (error) {
    throw new CodecError(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A Buffer's bytes as the plain array that the core works with (Buffer.subarray and others differ in type). */
function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
