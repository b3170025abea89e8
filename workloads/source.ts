import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  Scalar,
  visit,
  YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { Diagnostic, DiagnosticCode } from './diagnostics.ts';
import { assignmentAt, pathSteps } from './override-path.ts';
import { composeDocument } from './yaml-document.ts';

/** Nodes read in all, aliases counted each time they are followed: bounds alias bombs. */
const MAX_NODES = 200_000;
/** A reader mends the first ones and asks again. */
const MAX_DIAGNOSTICS = 100;

/** A YAML text with its positions: where values come from, and where mistakes are reported. */
export class Source {
  readonly file: string;
  readonly diagnostics: Diagnostic[] = [];
  /** null when the text cannot be read at all (then diagnostics say why). */
  readonly root: Node | null;
  readonly #text: string;
  readonly #lines = new LineCounter();
  readonly #document: Document.Parsed | null;
  /** Nodes that came from `--set`, with the whole argument. */
  readonly #overrides = new WeakMap<Node, string>();
  #nodesLeft = MAX_NODES;
  #anchors: Map<string, Node[]> | null = null;

  constructor(text: string, file: string) {
    this.file = file;
    this.#text = text.replace(/^\uFEFF/, '');
    this.#document = composeDocument(this.#text, this.#lines, (offset, code, message) => {
      if (offset === null) this.#whole(code, message);
      else this.#atOffset(offset, code, message);
    });
    this.root = this.#document?.contents ?? null;
  }

  #whole(code: DiagnosticCode, message: string): void {
    this.diagnostics.push({
      severity: 'error',
      code,
      file: this.file,
      line: 1,
      column: 1,
      path: '',
      message,
      suggestion: null,
    });
  }

  #atOffset(offset: number, code: DiagnosticCode, message: string): void {
    const { line, col } = this.#lines.linePos(offset);
    this.diagnostics.push({
      severity: 'error',
      code,
      file: this.file,
      line: Math.max(1, line),
      column: Math.max(1, col),
      path: '',
      message,
      suggestion: null,
    });
  }

  report(
    node: Node | null,
    path: string,
    code: DiagnosticCode,
    message: string,
    suggestion: string | null = null,
    severity: Diagnostic['severity'] = 'error',
  ): void {
    if (this.full) return;
    const place = this.place(node);
    this.diagnostics.push({ severity, code, ...place, path, message, suggestion });
    if (this.diagnostics.length === MAX_DIAGNOSTICS - 1) {
      this.#whole('limit', `more mistakes than the ${MAX_DIAGNOSTICS - 1} shown`);
    }
  }

  /** Nothing more is reported: too many mistakes already, or too much to read. */
  get full(): boolean {
    return this.diagnostics.length >= MAX_DIAGNOSTICS || this.#nodesLeft <= 0;
  }

  /** As `report`, but at the line of a word inside a text of several lines, such as a driver's properties. */
  reportWithin(
    node: Node | null,
    word: string,
    path: string,
    code: DiagnosticCode,
    message: string,
    suggestion: string | null,
    severity: Diagnostic['severity'] = 'error',
  ): void {
    const [start, end] = node?.range ?? [0, 0];
    const at = this.#text.slice(start, end).indexOf(word);
    if (this.full || at < 0) {
      this.report(node, path, code, message, suggestion, severity);
      return;
    }
    const { line, col } = this.#lines.linePos(start + at);
    this.diagnostics.push({ severity, code, file: this.file, line, column: col, path, message, suggestion });
  }

  place(node: Node | null): { file: string; line: number; column: number } {
    const override = node === null ? undefined : this.#overrides.get(node);
    if (override !== undefined) return { file: override, line: 0, column: 0 };
    if (node?.range == null) return { file: this.file, line: 1, column: 1 };
    const { line, col } = this.#lines.linePos(node.range[0]);
    return { file: this.file, line: Math.max(1, line), column: Math.max(1, col) };
  }

  /** Follows an alias and counts the node; null (reported once) when the alias leads nowhere or too much was read. */
  resolve(node: Node | null, path: string): Node | null {
    if (this.#nodesLeft <= 0) return null;
    if (this.#nodesLeft === 1)
      this.report(node, path, 'limit', `more than ${MAX_NODES} values once aliases are followed`);
    if (--this.#nodesLeft === 0) return null;
    if (!isAlias(node)) return node;
    const target = this.#anchored(node);
    if (target === undefined) this.report(node, path, 'reference', `the alias *${node.source} has no anchor`);
    return target ?? null;
  }

  /** The library's own look-up walks the whole document for each alias; this one walks it once. */
  #anchored(alias: Alias): Node | undefined {
    if (this.#anchors === null) {
      this.#anchors = new Map();
      visit(this.#document!, (_, node) => {
        if (!isNode(node) || isAlias(node) || node.anchor === undefined) return;
        const same = this.#anchors!.get(node.anchor);
        if (same === undefined) this.#anchors!.set(node.anchor, [node]);
        else same.push(node);
      });
    }
    // A name may be given anew: the last one before the alias counts.
    const start = alias.range?.[0] ?? Number.POSITIVE_INFINITY;
    return this.#anchors.get(alias.source)?.findLast((node) => (node.range?.[0] ?? 0) < start);
  }

  /**
   * Sets the value at `path` before anything is read. The value is YAML of its own, so `--set phases.measure=5s` and
   * `--set producers[0].keys={distribution: zipf}` both work. Reports a path that leads nowhere.
   */
  override(argument: string): void {
    const shown = `--set ${argument}`;
    const message = this.#override(argument, shown);
    if (message === null) return;
    this.diagnostics.push({
      severity: 'error',
      code: 'override',
      file: shown,
      line: 0,
      column: 0,
      path: '',
      message,
      suggestion: null,
    });
  }

  /** What is wrong, or null. */
  #override(argument: string, shown: string): string | null {
    const equals = assignmentAt(argument);
    if (equals < 1) return 'expected path=value, such as phases.measure=5s';
    const steps = pathSteps(argument.slice(0, equals));
    if (steps === null) return 'the path is not like producers[0].rate';
    const value = new Source(argument.slice(equals + 1), shown);
    if (value.root === null) return `the value is not readable: ${value.diagnostics[0]?.message ?? 'empty'}`;
    if (!isMap(this.root)) return null;
    this.#mark(value.root, shown);
    let at: YAMLMap | YAMLSeq = this.root as YAMLMap;
    for (const [index, step] of steps.entries()) {
      const last = index === steps.length - 1;
      if (typeof step === 'number') {
        if (!isSeq(at)) return `[${step}] is asked of something that is no list`;
        const { length } = at.items;
        if (step > length || (step === length && !last)) return `there is no [${step}]; the list has ${length}`;
      } else if (!isMap(at)) return `${step} is asked of something that has no keys`;
      if (last) at.set(this.#key(at, step, shown), value.root);
      else at = this.#enter(at, step, typeof steps[index + 1] === 'number', shown);
    }
    return null;
  }

  /** The container below `at`, as one of its own: an alias is replaced by a copy, a missing or scalar one by an empty map. */
  #enter(at: YAMLMap | YAMLSeq, step: string | number, wantsList: boolean, shown: string): YAMLMap | YAMLSeq {
    let child: unknown = at.get(step, true);
    if (isAlias(child)) {
      child = this.#anchored(child)?.clone();
    }
    if (isMap(child) || isSeq(child)) {
      at.set(this.#key(at, step, shown), child);
      return child as YAMLMap | YAMLSeq;
    }
    // A list cannot be made up: the caller's next step then says that there is none.
    const made = new YAMLMap();
    this.#overrides.set(made, shown);
    if (!wantsList) at.set(this.#key(at, step, shown), made);
    return made;
  }

  #key(at: YAMLMap | YAMLSeq, step: string | number, shown: string): unknown {
    if (typeof step === 'number' || (at as YAMLMap).has(step)) return step;
    const key = new Scalar(step);
    this.#overrides.set(key, shown);
    return key;
  }

  #mark(node: unknown, shown: string): void {
    const pending: unknown[] = [node];
    while (pending.length > 0) {
      const next = pending.pop();
      if (isScalar(next) || isAlias(next)) this.#overrides.set(next, shown);
      else if (isSeq(next)) {
        this.#overrides.set(next, shown);
        pending.push(...next.items);
      } else if (isMap(next)) {
        this.#overrides.set(next, shown);
        for (const pair of next.items) pending.push(pair.key, pair.value);
      }
    }
  }
}
