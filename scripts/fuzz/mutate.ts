import type { Random } from '../../core/runtime.ts';

/** One to eight random changes: bits, bytes, lengths, cuts, repetitions. The input stays as it is. */
export function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  let changed: Uint8Array = bytes.slice();
  for (let left = 1 + random.below(8); left > 0; left--) changed = change(changed, random);
  return changed;
}

function change(bytes: Uint8Array, random: Random): Uint8Array {
  if (bytes.length === 0) return randomBytes(1 + random.below(64), random);
  const at = random.below(bytes.length);
  switch (random.below(8)) {
    case 0:
      bytes[at] = bytes[at]! ^ (1 << random.below(8));
      return bytes;
    case 1:
      bytes[at] = random.below(256);
      return bytes;
    case 2: {
      // Numbers that break arithmetic: the largest, the smallest, minus one, zero.
      const word = [0x7fffffff, 0x80000000, 0xffffffff, 0][random.below(4)]!;
      for (let index = 0; index < 4 && at + index < bytes.length; index++) {
        bytes[at + index] = (word >>> (24 - index * 8)) & 0xff;
      }
      return bytes;
    }
    case 3:
      return bytes.slice(0, at);
    case 4: {
      const end = Math.min(bytes.length, at + 1 + random.below(64));
      return joined(bytes.subarray(0, at), bytes.subarray(end));
    }
    case 5: {
      const end = Math.min(bytes.length, at + 1 + random.below(256));
      return joined(bytes.subarray(0, end), bytes.subarray(at));
    }
    case 6:
      return joined(bytes.subarray(0, at), randomBytes(1 + random.below(32), random), bytes.subarray(at));
    default:
      bytes.fill(0, at, Math.min(bytes.length, at + 1 + random.below(512)));
      return bytes;
  }
}

export function randomBytes(length: number, random: Random): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256));
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
