/** Java's .properties text (Properties.load): comments, `=`, `:` or blanks as separator, continued lines, escapes. */
export function parseProperties(text: string): { [name: string]: string } {
  const properties = new Map<string, string>();
  const lines = text.split(/\r\n|\n|\r/);
  for (let at = 0; at < lines.length; at++) {
    let line = lines[at]!.trimStart();
    if (line === '' || line.startsWith('#') || line.startsWith('!')) continue;
    while (/(?<!\\)(?:\\\\)*\\$/.test(line) && at + 1 < lines.length)
      line = line.slice(0, -1) + lines[++at]!.trimStart();
    const parts = /^((?:\\.|[^\\=:\s])*)\s*[=:]?\s*(.*)$/s.exec(line)!;
    properties.set(unescapeProperty(parts[1]!), unescapeProperty(parts[2]!).trimEnd());
  }
  return Object.fromEntries(properties);
}

function unescapeProperty(text: string): string {
  return text.replace(/\\(u[\da-fA-F]{4}|.)/gs, (_, escape: string) => {
    if (/^u./.test(escape)) return String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return ({ n: '\n', t: '\t', r: '\r', f: '\f' } as Record<string, string>)[escape] ?? escape;
  });
}
