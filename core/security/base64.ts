const STANDARD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const URL_SAFE = `${STANDARD.slice(0, 62)}-_`;

/** RFC 4648: `base64` with padding, `base64url` without. */
export function toBase64(bytes: Uint8Array, kind: 'base64' | 'base64url' = 'base64'): string {
  const letters = kind === 'base64' ? STANDARD : URL_SAFE;
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const group = (bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const left = Math.min(3, bytes.length - at);
    for (let letter = 0; letter <= left; letter++) text += letters[(group >> (18 - 6 * letter)) & 63];
    if (kind === 'base64') text += '='.repeat(3 - left);
  }
  return text;
}

/** Either alphabet, padded or not; null for what is neither. */
export function fromBase64(text: string): Uint8Array | null {
  const bare = text.replace(/={1,2}$/, '');
  if (bare.length % 4 === 1) return null;
  const bytes = new Uint8Array(Math.floor((bare.length * 3) / 4));
  let pending = 0;
  let bits = 0;
  let at = 0;
  for (const letter of bare) {
    const value = Math.max(STANDARD.indexOf(letter), URL_SAFE.indexOf(letter));
    if (value < 0) return null;
    pending = ((pending << 6) | value) & 0x3fff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = (pending >> bits) & 255;
  }
  return bytes;
}
