import type { Random } from '../../core/runtime.ts';
import { SimFile } from './file.ts';
import type { CrashOutcome } from './page-rule.ts';

export type Entry = SimFile | SimDirectory;

export class SimDirectory {
  readonly kind = 'directory' as const;
  readonly entries: Map<string, Entry> = new Map();
  /** What survives a power loss. */
  readonly durable: Map<string, Entry> = new Map();
  modifiedMs: number;

  constructor(modifiedMs: number) {
    this.modifiedMs = modifiedMs;
  }
}

interface Change {
  readonly directory: SimDirectory;
  readonly name: string;
  /** null removes the name. */
  readonly entry: Entry | null;
}

/** Changes of names that reach the medium together: one for a create or an unlink, two for a rename. */
interface NameOperation {
  readonly changes: readonly Change[];
}

/**
 * The names of a file system: visible at once, durable by the sync of their directory. Operations on one name land in
 * their order; on different names a power loss may keep any of them.
 */
export class Tree {
  readonly root: SimDirectory = new SimDirectory(0);
  #pending: NameOperation[] = [];

  /** Makes the changes visible and remembers that they are not durable. */
  change(changes: readonly Change[], modifiedMs: number): void {
    for (const { directory, name, entry } of changes) {
      const old = directory.entries.get(name);
      if (old instanceof SimFile) old.entries--;
      if (entry === null) directory.entries.delete(name);
      else directory.entries.set(name, entry);
      if (entry instanceof SimFile) entry.entries++;
      directory.modifiedMs = modifiedMs;
    }
    this.#pending.push({ changes });
  }

  /** What a sync of the directory that begins now will make durable. */
  beginSync(directory: SimDirectory): readonly NameOperation[] {
    const wanted = new Set<NameOperation>();
    const names = new Map<SimDirectory, Set<string>>();
    // From the newest back: an operation comes along when a later one, which comes, rests on one of its names.
    for (let index = this.#pending.length - 1; index >= 0; index--) {
      const operation = this.#pending[index]!;
      const comes = operation.changes.some(
        (change) => change.directory === directory || names.get(change.directory)?.has(change.name) === true,
      );
      if (!comes) continue;
      wanted.add(operation);
      for (const change of operation.changes) {
        const known = names.get(change.directory);
        if (known === undefined) names.set(change.directory, new Set([change.name]));
        else known.add(change.name);
      }
    }
    return this.#pending.filter((operation) => wanted.has(operation));
  }

  completeSync(operations: readonly NameOperation[]): void {
    if (operations.length === 0) return;
    const synced = new Set(operations);
    this.#pending = this.#pending.filter((operation) => {
      if (!synced.has(operation)) return true;
      land(operation);
      return false;
    });
  }

  /** Names fall back to the durable ones and to those pending that the outcome keeps. */
  losePower(outcome: CrashOutcome, random: Random): void {
    const pending = this.#pending;
    this.#pending = [];
    const kept =
      outcome === 'all-kept' ? pending.length : outcome === 'all-lost' ? 0 : random.below(pending.length + 1);
    if (outcome === 'subset') this.#landSubset(pending, random);
    else for (let index = 0; index < kept; index++) land(pending[index]!);
    this.#showDurable(this.root);
  }

  /** All files that the visible names reach, in the order of their making. */
  files(): SimFile[] {
    const found: SimFile[] = [];
    this.walk((_path, file) => found.push(file));
    return found;
  }

  walk(visit: (path: string, file: SimFile) => void): void {
    const enter = (directory: SimDirectory, path: string): void => {
      for (const [name, entry] of directory.entries) {
        if (entry instanceof SimFile) visit(`${path}/${name}`, entry);
        else enter(entry, `${path}/${name}`);
      }
    };
    enter(this.root, '');
  }

  #landSubset(pending: readonly NameOperation[], random: Random): void {
    const lost = new Map<SimDirectory, Set<string>>();
    for (const operation of pending) {
      const rests = operation.changes.some((change) => lost.get(change.directory)?.has(change.name) === true);
      if (!rests && random.below(2) === 0) {
        land(operation);
        continue;
      }
      for (const change of operation.changes) {
        const known = lost.get(change.directory);
        if (known === undefined) lost.set(change.directory, new Set([change.name]));
        else known.add(change.name);
      }
    }
  }

  #showDurable(directory: SimDirectory): void {
    directory.entries.clear();
    for (const [name, entry] of directory.durable) {
      directory.entries.set(name, entry);
      if (entry instanceof SimFile) entry.entries = 1;
      else this.#showDurable(entry);
    }
  }
}

function land(operation: NameOperation): void {
  for (const { directory, name, entry } of operation.changes) {
    if (entry === null) directory.durable.delete(name);
    else directory.durable.set(name, entry);
  }
}
