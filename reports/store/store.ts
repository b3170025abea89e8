import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { type Histogram, toHdr } from '../histogram.ts';
import type { LatencyName, RunRecord } from '../run-record.ts';
import { type Better, figuresOf, fingerprintOf } from './figures.ts';
import { SCHEMA, SCHEMA_VERSION } from './schema.ts';

export const STORE_FILE = '.faultline/store.sqlite';
/** Several runs may end at once; SQLite lets one write at a time. */
const BUSY_MS = 10_000;

/** Which pair of a comparison a run belongs to. */
export interface PairPlace {
  readonly id: string;
  readonly arm: 'a' | 'b';
  readonly index: number;
}

export interface StoredRun {
  readonly id: string;
  readonly startedAt: string;
  readonly workload: string;
  readonly workloadHash: string;
  readonly target: string;
  readonly seed: number;
  readonly commit: string;
  readonly dirty: boolean;
  readonly fingerprint: string;
  readonly exit: number;
  readonly verdict: string;
  readonly figures: Readonly<Record<string, { value: number; unit: string; better: Better; exact: boolean }>>;
}

export interface StoredChangePoint {
  readonly metric: string;
  readonly runId: string;
  readonly commit: string;
  readonly p: number;
  readonly before: number;
  readonly after: number;
}

/** A store that a newer version wrote. */
export class StoreError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'StoreError';
  }
}

/** Every run of a directory, in one SQLite file. */
export class RunStore implements Disposable {
  readonly #database: DatabaseSync;

  /** `path` may be `:memory:`. Throws StoreError for a file of another schema. */
  constructor(path: string) {
    if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true });
    this.#database = new DatabaseSync(path, { timeout: BUSY_MS });
    this.#database.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma foreign_keys = on');
    this.#whole(() => {
      const version = Number(this.#database.prepare('pragma user_version').get()?.user_version ?? 0);
      if (version === 0) this.#database.exec(SCHEMA);
      else if (version !== SCHEMA_VERSION) {
        throw new StoreError(`${path}: schema ${version} is not ${SCHEMA_VERSION}, the one that this version reads`);
      }
    });
  }

  /** The store of a directory. */
  static in(root: string): RunStore {
    return new RunStore(join(root, STORE_FILE));
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  /** All that is kept of a run, whole or not at all. A run that is there already stays as it is. */
  append(record: RunRecord, histograms: ReadonlyMap<LatencyName, Histogram> = new Map(), pair?: PairPlace): void {
    this.#whole(() => {
      const { environment } = record;
      const { changes } = this.#insert('or ignore', 'run', [
        record.id,
        record.startedAt,
        record.workload,
        record.workloadHash,
        record.workloadText,
        record.target,
        environment.cluster ?? environment.faultline ?? null,
        record.seed,
        environment.commit,
        environment.dirty ? 1 : 0,
        fingerprintOf(environment),
        environment.node,
        environment.governor ?? null,
        record.status.kind,
        record.exit,
        pair?.id ?? null,
        pair?.arm ?? null,
        pair?.index ?? null,
      ]);
      if (changes === 0) return;
      const { id } = record;
      for (const { name, unit, better, value, samples, exact } of figuresOf(record)) {
        this.#insert('', 'metric', [id, name, unit, better, value, samples, exact ? 1 : 0]);
      }
      for (const [name, histogram] of histograms) {
        if (histogram.count === 0) continue;
        this.#insert('', 'histogram', [id, name, 'measure', encodeIntoCompressedBase64(toHdr(histogram))]);
      }
      this.#appendSeries(record);
      for (const { atSeconds, untilSeconds, kind, target, confirmed } of record.faults) {
        this.#insert('', 'event', [id, atSeconds, untilSeconds, kind, JSON.stringify({ target, confirmed })]);
      }
      for (const { rule, result, checked, violations, examples } of record.verdict.rules) {
        const evidence = JSON.stringify(examples.slice(0, 1));
        this.#insert('', 'verdict', [id, rule, result, checked, violations, evidence]);
      }
      this.#insert('', 'verdict', [id, 'run', record.verdict.result, 0, 0, JSON.stringify(record.verdict.sentence)]);
    });
  }

  /** The newest first; of one workload name if given. */
  runs(options: { workload?: string; limit?: number } = {}): StoredRun[] {
    const rows = this.#database
      .prepare(
        `select run.*, verdict.result from run left join verdict on run_id = id and rule = 'run'
         where ? is null or workload = ? order by started_at desc, id desc limit ?`,
      )
      .all(options.workload ?? null, options.workload ?? null, options.limit ?? -1);
    const metrics = this.#database.prepare('select name, value, unit, better, exact from metric where run_id = ?');
    return rows.map((row) => ({
      id: String(row.id),
      startedAt: String(row.started_at),
      workload: String(row.workload),
      workloadHash: String(row.workload_hash),
      target: String(row.target),
      seed: Number(row.seed),
      commit: String(row.commit_id),
      dirty: row.dirty === 1,
      fingerprint: String(row.host_fingerprint),
      exit: Number(row.exit_code),
      verdict: String(row.result ?? 'unknown'),
      figures: Object.fromEntries(
        metrics.all(String(row.id)).map(({ name, value, unit, better, exact }) => [
          String(name),
          {
            value: Number(value),
            unit: String(unit),
            better: better === 'higher' ? 'higher' : 'lower',
            exact: exact === 1,
          },
        ]),
      ),
    }));
  }

  has(id: string): boolean {
    return this.#database.prepare('select 1 from run where id = ?').get(id) !== undefined;
  }

  /** Points a name at a run, for its workload and machine. Only this moves a baseline. @throws StoreError */
  setBaseline(name: string, runId: string, at: string): void {
    const run = this.#database.prepare('select workload_hash, host_fingerprint from run where id = ?').get(runId);
    if (run === undefined) throw new StoreError(`there is no run ${runId}`);
    this.#insert('', 'baseline', [name, String(run.workload_hash), String(run.host_fingerprint), runId, at]);
  }

  /** The run that a name points to, on any machine if only one is known; null when there is none. */
  baseline(name: string, of?: { readonly workloadHash: string; readonly fingerprint: string }): string | null {
    const row = this.#database
      .prepare(
        `select run_id from baseline where name = ? and (? is null or (workload_hash = ? and host_fingerprint = ?))
         order by rowid desc limit 1`,
      )
      .get(name, of?.workloadHash ?? null, of?.workloadHash ?? null, of?.fingerprint ?? null);
    return row === undefined ? null : String(row.run_id);
  }

  baselines(): { name: string; runId: string; workloadHash: string; fingerprint: string }[] {
    const rows = this.#database
      .prepare(
        'select name, workload_hash, host_fingerprint, run_id, max(rowid) from baseline group by 1, 2, 3 order by 1',
      )
      .all();
    return rows.map((row) => ({
      name: String(row.name),
      runId: String(row.run_id),
      workloadHash: String(row.workload_hash),
      fingerprint: String(row.host_fingerprint),
    }));
  }

  /** Keeps what was found, once for each run and metric. */
  appendChangePoints(
    of: { readonly workloadHash: string; readonly fingerprint: string },
    points: readonly StoredChangePoint[],
    at: string,
  ): void {
    this.#whole(() => {
      for (const { metric, runId, commit, p, before, after } of points) {
        const values = [of.workloadHash, of.fingerprint, metric, runId, commit, p, before, after, at];
        this.#insert('or ignore', 'change_point', values);
      }
    });
  }

  /** What an A/A comparison showed of a metric: the effect that noise alone makes, as a share. */
  appendNoise(
    of: { workloadHash: string; fingerprint: string; metric: string; floor: number; pairs: number },
    at: string,
  ): void {
    this.#insert('', 'noise', [of.workloadHash, of.fingerprint, of.metric, of.floor, of.pairs, at]);
  }

  /** Latest noise floors by metric. */
  noise(workloadHash: string, fingerprint: string): ReadonlyMap<string, number> {
    const rows = this.#database
      .prepare(
        'select metric, floor, max(rowid) from noise where workload_hash = ? and host_fingerprint = ? group by metric',
      )
      .all(workloadHash, fingerprint);
    return new Map(rows.map((row) => [String(row.metric), Number(row.floor)]));
  }

  #appendSeries(record: RunRecord): void {
    const seen = new Set<number>();
    for (const { t, sent, acked, consumed, backlog, publish, endToEnd } of record.series) {
      const tMs = Math.round(t * 1000);
      if (seen.has(tMs)) continue;
      seen.add(tMs);
      const values = {
        sent,
        acked,
        consumed,
        backlog,
        'publish.p50': publish?.p50,
        'publish.p99': publish?.p99,
        'publish.max': publish?.max,
        'endToEnd.p50': endToEnd?.p50,
        'endToEnd.p99': endToEnd?.p99,
        'endToEnd.max': endToEnd?.max,
      };
      for (const [name, value] of Object.entries(values)) {
        if (value !== undefined) this.#insert('', 'series', [record.id, name, tMs, value]);
      }
    }
  }

  #insert(
    how: '' | 'or ignore',
    table: string,
    values: readonly (string | number | null)[],
  ): { changes: number | bigint } {
    const places = values.map(() => '?').join(', ');
    return this.#database.prepare(`insert ${how} into ${table} values (${places})`).run(...values);
  }

  #whole(action: () => void): void {
    this.#database.exec('begin immediate');
    try {
      action();
      this.#database.exec('commit');
    } catch (error) {
      this.#database.exec('rollback');
      throw error;
    }
  }
}
