/** What is wrong with a workload file, where exactly, and what would be right. */
export interface Diagnostic {
  /** Errors refuse the file; warnings are printed and the run goes on. */
  readonly severity: 'error' | 'warning';
  readonly code: DiagnosticCode;
  /** The file's name, or the whole `--set path=value` that brought the value in. */
  readonly file: string;
  /** From 1; both 0 when the place is an override or a whole file. */
  readonly line: number;
  readonly column: number;
  /** "topics[0].partitions"; empty for the file as a whole. */
  readonly path: string;
  /** A sentence without the place. */
  readonly message: string;
  /** The nearest right word, ready to paste. */
  readonly suggestion: string | null;
}

export type DiagnosticCode =
  /** Not YAML. */
  | 'syntax'
  /** Too long, too deep or too many aliases: refused unread. */
  | 'limit'
  | 'unknown-key'
  | 'duplicate-key'
  | 'missing-key'
  /** A map where a list belongs, a list where a word belongs, … */
  | 'type'
  /** The right type, an impossible value. */
  | 'value'
  /** A number without its unit, or with an unknown one. */
  | 'unit'
  /** Names something that does not exist: a topic, a rack, a broker. */
  | 'reference'
  /** Two settings that exclude each other. */
  | 'conflict'
  /** Right, but not on this target. */
  | 'unsupported'
  /** A payload or trace file that is missing or unfit. */
  | 'file'
  /** A `--set` whose path leads nowhere. */
  | 'override';

/** `orders.yaml:12:5 unknown key "replicationfactor" in topics[0]; did you mean "replicationFactor"?` */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { file, line, column, message, suggestion, severity } = diagnostic;
  const place = line > 0 ? `${file}:${line}:${column}` : `${file}:`;
  const hint = suggestion === null ? '' : `; did you mean "${suggestion}"?`;
  return `${place} ${severity === 'warning' ? 'warning: ' : ''}${message}${hint}`;
}

/** In the order of the file, overrides last, so that a reader works from top to bottom. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const rank = (line: number) => (line > 0 ? line : Number.MAX_SAFE_INTEGER);
  return diagnostics
    .map((diagnostic, index) => ({ diagnostic, index }))
    .sort(
      (a, b) =>
        rank(a.diagnostic.line) - rank(b.diagnostic.line) ||
        a.diagnostic.column - b.diagnostic.column ||
        a.index - b.index,
    )
    .map(({ diagnostic }) => diagnostic);
}

/** Text from a file as it may stand in a message: one line, no control characters, bounded. */
export function quote(text: string): string {
  const shortened = text.length > 60 ? `${text.slice(0, 57)}…` : text;
  return `"${shortened.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '�')}"`;
}

/** `1 broker`, `3 brokers`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
