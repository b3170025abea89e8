/** A list of checks that run one after another and are counted; the last line is `N passed, N failed`. */
export class Checks {
  #passed = 0;
  #failed = 0;
  readonly #only: RegExp | null;

  constructor(only: string | null = null) {
    this.#only = only === null ? null : new RegExp(only);
  }

  async run(name: string, check: () => Promise<void>, timeoutMs = 60_000): Promise<void> {
    if (this.#only !== null && !this.#only.test(name)) return;
    const startedAt = performance.now();
    let timer: NodeJS.Timeout | undefined;
    try {
      const bound = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no end within ${timeoutMs} ms`)), timeoutMs);
      });
      await Promise.race([check(), bound]);
      this.#passed++;
      process.stdout.write(`ok    ${name} (${Math.round(performance.now() - startedAt)} ms)\n`);
    } catch (error) {
      this.#failed++;
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.stdout.write(`FAIL  ${name}\n      ${text.split('\n').join('\n      ')}\n`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Prints the sum; the process' exit code follows it. */
  finish(): void {
    process.stdout.write(`${this.#passed} passed, ${this.#failed} failed\n`);
    process.exitCode = this.#failed === 0 && this.#passed > 0 ? 0 : 1;
  }
}

export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const left = JSON.stringify(actual);
  const right = JSON.stringify(expected);
  if (left !== right) throw new Error(`${what}: expected ${right}, got ${left}`);
}

export function expectMatch(text: string, pattern: RegExp, what: string): void {
  if (!pattern.test(text)) throw new Error(`${what}: nothing matches ${pattern} in:\n${text.slice(0, 4000)}`);
}
