/** One object of a PEM text, written the way every reader takes it: lines of 64 letters. */
export interface PemBlock {
  /** CERTIFICATE, PRIVATE KEY, ENCRYPTED PRIVATE KEY, … */
  readonly label: string;
  readonly text: string;
}

/** All objects of a text. In properties files the line ends are often blanks, or backslash and n. */
export function pemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  const lines = text.replaceAll('\\n', '\n').replaceAll('\r', '');
  for (const [, label, body] of lines.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/g)) {
    // RFC 1421 headers of older encrypted keys end with an empty line and must stay as they are.
    const isPlain = !body!.includes(':');
    const content = isPlain ? body!.replace(/\s+/g, '').replace(/(.{64})(?=.)/g, '$1\n') : body!.trim();
    blocks.push({ label: label!, text: `-----BEGIN ${label}-----\n${content}\n-----END ${label}-----\n` });
  }
  return blocks;
}

/** The certificates of a text in their order; '' when there are none. */
export function certificatesOf(text: string): string {
  return joined(
    text,
    (label) => label === 'CERTIFICATE' || label === 'TRUSTED CERTIFICATE' || label === 'X509 CERTIFICATE',
  );
}

/** The private keys of a text; '' when there are none. */
export function keysOf(text: string): string {
  return joined(text, (label) => label.endsWith('PRIVATE KEY'));
}

function joined(text: string, wanted: (label: string) => boolean): string {
  return pemBlocks(text)
    .filter(({ label }) => wanted(label))
    .map((block) => block.text)
    .join('');
}
