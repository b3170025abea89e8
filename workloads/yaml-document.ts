import { Composer, type CST, type Document, isScalar, type LineCounter, type Node, Parser } from 'yaml';
import type { DiagnosticCode } from './diagnostics.ts';

/** A megabyte is a thousand times the longest workload file seen; beyond it is no workload. */
const MAX_CHARACTERS = 1 << 20;
/** The deepest key of a workload is at seven. */
const MAX_DEPTH = 40;

const BLOCK_HINT = '; put a value that starts with > or | in quotes';

/** Null stands for the file as a whole. */
type ReportMistake = (offset: number | null, code: DiagnosticCode, message: string) => void;

/** The one document of a workload file, or null once its mistakes are reported. Fills `lines` as it reads. */
export function composeDocument(text: string, lines: LineCounter, report: ReportMistake): Document.Parsed | null {
  if (text.length > MAX_CHARACTERS) {
    report(null, 'limit', `the file has ${text.length} characters; a workload has at most ${MAX_CHARACTERS}`);
    return null;
  }
  try {
    const tokens = [...new Parser(lines.addNewLine).parse(text)];
    const deep = tooDeep(tokens);
    if (deep !== null) {
      report(deep, 'limit', `nested more than ${MAX_DEPTH} levels deep`);
      return null;
    }
    // uniqueKeys compares every pair; the reader finds duplicates itself, in linear time and with the first one's line.
    const documents = [...new Composer({ uniqueKeys: false, prettyErrors: false }).compose(tokens, true, text.length)];
    return single(documents, text, lines, report);
  } catch (error) {
    report(
      null,
      'syntax',
      `not readable as YAML: ${error instanceof Error ? firstLine(error.message) : 'unknown error'}`,
    );
    return null;
  }
}

function single(
  documents: readonly (Document.Parsed | { readonly empty: true })[],
  text: string,
  lines: LineCounter,
  report: ReportMistake,
): Document.Parsed | null {
  const [first, second] = documents as readonly Document.Parsed[];
  if (first === undefined || first.contents === null || isEmpty(first.contents)) {
    if (first !== undefined && first.errors.length > 0) yamlErrors(first, text, lines, report);
    else report(null, 'syntax', 'the file is empty');
    return null;
  }
  if (second !== undefined) {
    report(second.range[0], 'syntax', 'a second document; a workload file holds one');
    return null;
  }
  if (first.errors.length > 0) {
    yamlErrors(first, text, lines, report);
    return null;
  }
  return first;
}

function yamlErrors(document: Document.Parsed, text: string, lines: LineCounter, report: ReportMistake): void {
  for (const error of document.errors.slice(0, 10)) {
    // `publish.p99: >= 5` starts a block scalar in YAML; the remedy is not to be guessed from YAML's own words.
    const { line } = lines.linePos(error.pos[0]);
    const hint = /:\s+[>|]/.test(text.split('\n', line)[line - 1] ?? '') ? BLOCK_HINT : '';
    report(error.pos[0], 'syntax', `${firstLine(error.message)}${hint}`);
  }
}

function isEmpty(node: Node): boolean {
  return isScalar(node) && (node.value === null || node.value === undefined) && (node.source ?? '') === '';
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0]!;
}

/** Where the nesting passes MAX_DEPTH, walked with a stack of our own: the composer would recurse that deep. */
function tooDeep(tokens: readonly CST.Token[]): number | null {
  const pending: { token: CST.Token; depth: number }[] = tokens.map((token) => ({ token, depth: 0 }));
  while (pending.length > 0) {
    const { token, depth } = pending.pop()!;
    if (depth > MAX_DEPTH) return token.offset;
    if (token.type === 'document') {
      if (token.value) pending.push({ token: token.value, depth: depth + 1 });
    } else if ('items' in token) {
      for (const item of token.items) {
        if (item.key) pending.push({ token: item.key, depth: depth + 1 });
        if (item.value) pending.push({ token: item.value, depth: depth + 1 });
      }
    }
  }
  return null;
}
