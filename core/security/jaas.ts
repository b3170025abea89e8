import { SecurityError } from './security-error.ts';

/** `sasl.jaas.config`: one login module and its options. */
export interface JaasEntry {
  /** The class without its package: PlainLoginModule. */
  readonly module: string;
  readonly options: ReadonlyMap<string, string>;
}

const WORD = /\s*(?:("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|([^\s=;"']+)|([=;]))/y;

/** `Class required name="value" …;`. @throws SecurityError 'credentials'; it never repeats what it read. */
export function parseJaas(text: string): JaasEntry {
  const words = wordsOf(text);
  const at = (index: number): string => words[index]?.text ?? '';
  const className = at(0);
  if (!/^[\w.$]+$/.test(className)) throw broken('it begins with the class of a login module');
  if (!/^(required|requisite|sufficient|optional)$/i.test(at(1))) throw broken('"required" follows the class');
  const options = new Map<string, string>();
  let index = 2;
  while (index < words.length && !isMark(words[index], ';')) {
    if (!isMark(words[index + 1], '=') || words[index + 2] === undefined || words[index + 2]!.kind === 'mark') {
      throw broken('each option is name="value", and the last one is followed by ;');
    }
    options.set(at(index), at(index + 2));
    index += 3;
  }
  if (index >= words.length) throw broken('a ; ends it');
  if (index + 1 < words.length) throw broken('only one login module can be named');
  return { module: className.slice(className.lastIndexOf('.') + 1), options };
}

interface Word {
  readonly kind: 'word' | 'mark';
  readonly text: string;
}

function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  const bare = text.trimEnd();
  WORD.lastIndex = 0;
  while (WORD.lastIndex < bare.length) {
    const match = WORD.exec(bare);
    if (match === null) throw broken('a quotation mark is not closed');
    const [, quoted, plain, mark] = match;
    if (mark !== undefined) words.push({ kind: 'mark', text: mark });
    else words.push({ kind: 'word', text: plain ?? quoted!.slice(1, -1).replace(/\\(.)/gs, '$1') });
  }
  return words;
}

function isMark(word: Word | undefined, text: string): boolean {
  return word?.kind === 'mark' && word.text === text;
}

function broken(reason: string): SecurityError {
  return new SecurityError('credentials', `sasl.jaas.config cannot be read: ${reason}`);
}
