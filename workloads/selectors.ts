import type { Selector } from './fault.ts';
import { nearest } from './nearest.ts';
import { type Schema, scalar } from './schema.ts';

/** `any`, `all`, `controller`, `leader(topic/p)`, `follower(topic/p)`, `rack(a)`, `broker(2)` or just `2`. */
export function parseSelector(text: string): Selector | { readonly suggestion: string | null } {
  const trimmed = text.trim();
  if (trimmed === 'any' || trimmed === 'all' || trimmed === 'controller') return { kind: trimmed };
  const id = /^(?:broker ?\(? ?)?(\d{1,9})\)?$/.exec(trimmed);
  if (id !== null) return { kind: 'broker', id: Number(id[1]) };
  const call = /^([\w-]+) ?\(([^()]*)\)$/.exec(trimmed);
  if (call === null) {
    const word = nearest(trimmed, WORDS);
    return { suggestion: word === null ? null : (EXAMPLES.get(word) ?? word) };
  }
  const [, kind, argument] = call;
  const partition = /^ *([a-zA-Z0-9._-]+) ?\/ ?(\d{1,9}) *$/.exec(argument!);
  switch (kind) {
    case 'leader':
    case 'follower':
      return partition === null
        ? { suggestion: `${kind}(${argument!.trim() || 'topic'}/0)` }
        : { kind, topic: partition[1]!, partition: Number(partition[2]) };
    case 'rack':
      return argument!.trim() === '' ? { suggestion: null } : { kind: 'rack', rack: argument!.trim() };
    default: {
      const word = nearest(kind!, WORDS);
      return { suggestion: word === null ? null : EXAMPLES.has(word) ? `${word}(${argument})` : word };
    }
  }
}

const WORDS = ['any', 'all', 'controller', 'leader', 'follower', 'rack', 'broker'];
const EXAMPLES: ReadonlyMap<string, string> = new Map([
  ['leader', 'leader(topic/0)'],
  ['follower', 'follower(topic/0)'],
  ['rack', 'rack(a)'],
  ['broker', 'broker(1)'],
]);

export const selector: Schema<Selector> = scalar(
  'a target: any, all, controller, leader(topic/0), follower(topic/0), rack(a) or a broker id',
  {
    type: ['string', 'integer'],
    pattern: '^(any|all|controller|(leader|follower)\\(.+/\\d+\\)|rack\\(.+\\)|(broker\\()?\\d+\\)?)$',
  },
  (text) => {
    const parsed = parseSelector(text);
    return 'kind' in parsed ? { value: parsed } : { code: 'value', suggestion: parsed.suggestion };
  },
);

export function formatSelector(target: Selector): string {
  switch (target.kind) {
    case 'leader':
    case 'follower':
      return `${target.kind}(${target.topic}/${target.partition})`;
    case 'rack':
      return `rack(${target.rack})`;
    case 'broker':
      return `broker(${target.id})`;
    default:
      return target.kind;
  }
}
