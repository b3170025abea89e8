/** Java's .properties text (Properties.load): comments, `=`, `:` or blanks as separator, continued lines, escapes. */
export function parseProperties(text: string): { [name: string]: string } {
  const properties = new Map<string, string>();
  const lines = text.split(/\r\n|\n|\r/);
  for (let at = 0; at < lines.length; at++) {
    const first = lines[at]!.trimStart();
    if (first === '' || first.startsWith('#') || first.startsWith('!')) continue;
    const pieces = [first];
    while (isContinued(pieces.at(-1)!) && at + 1 < lines.length) {
      pieces[pieces.length - 1] = pieces.at(-1)!.slice(0, -1);
      pieces.push(lines[++at]!.trimStart());
    }
    const [, name, value] = /^((?:\\.|[^\\=:\s])*)\s*[=:]?\s*(.*)$/s.exec(pieces.join(''))!;
    properties.set(unescapeProperty(name!), unescapeProperty(value!).trimEnd());
  }
  return Object.fromEntries(properties);
}

/** An odd number of backslashes at the end: the last one escapes the line's end. */
function isContinued(line: string): boolean {
  let backslashes = 0;
  while (backslashes < line.length && line[line.length - 1 - backslashes] === '\\') backslashes++;
  return backslashes % 2 === 1;
}

function unescapeProperty(text: string): string {
  return text.replace(/\\(u[\da-fA-F]{4}|.)/gs, (_, escaped: string) => {
    if (escaped.length > 1) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    return ESCAPES.get(escaped) ?? escaped;
  });
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['f', '\f'],
]);
