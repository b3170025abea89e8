/** The `=` that ends the path: not one inside quotes. */
export function assignmentAt(argument: string): number {
  let quoted = false;
  for (let at = 0; at < argument.length; at++) {
    if (argument[at] === '"') quoted = !quoted;
    else if (argument[at] === '=' && !quoted) return at;
  }
  return -1;
}

/** Keys below which the rest of a dotted path is one name: Kafka's configs and features and the lines of `expect` have dots themselves. */
const DOTTED_BELOW = new Set(['client', 'config', 'expect', 'features']);

/** `producers[0].client.linger.ms` → ['producers', 0, 'client', 'linger.ms']; null when it is no path. */
export function pathSteps(path: string): (string | number)[] | null {
  const steps: (string | number)[] = [];
  let rest = path.trim();
  while (rest !== '') {
    const dotted = typeof steps.at(-1) === 'string' && DOTTED_BELOW.has(steps.at(-1) as string);
    const match = /^(?:\["([^"]+)"\]|\[(\d{1,6})\]|\.?([^.[\]"=\s]+))/.exec(rest);
    if (match === null) return null;
    if (dotted && match[3] !== undefined) {
      const name = rest.replace(/^\./, '');
      return /^[\w.-]+$/.test(name) ? [...steps, name] : null;
    }
    steps.push(match[1] ?? (match[2] === undefined ? match[3]! : Number(match[2])));
    rest = rest.slice(match[0].length);
  }
  return steps.length === 0 || typeof steps[0] === 'number' ? null : steps;
}
