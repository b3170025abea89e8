import { createMemoryDisk } from '../../memory-disk.ts';
import { createRandom } from '../../random.ts';
import { type BatchOptions, batchSize, decodeBatch, encodeBatch, isControlBatch } from '../../records/index.ts';
import type { Clock, Codecs, Disk, Timers } from '../../runtime.ts';
import { defaultLogConfig, type LogConfig } from '../config.ts';
import type { LogDirectoryOptions } from '../directory.ts';
import { Log } from '../log.ts';
import type { LogOptions } from '../options.ts';
import type { AppendOptions, AppendResult } from '../outcomes.ts';

/** A clock and timers that move only when told to. */
export class StillTime implements Clock, Timers {
  nowMs = 1_700_000_000_000;
  #due: { readonly atMs: number; readonly callback: () => void }[] = [];

  wallMs(): number {
    return this.nowMs;
  }
  monotonicNs(): number {
    return (this.nowMs - 1_700_000_000_000) * 1e6;
  }
  after(delayMs: number, callback: () => void): { cancel: () => void } {
    const entry = { atMs: this.nowMs + delayMs, callback };
    this.#due.push(entry);
    return { cancel: () => void this.#due.splice(this.#due.indexOf(entry), this.#due.includes(entry) ? 1 : 0) };
  }
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }
  endOfTurn(callback: () => void): void {
    this.after(0, callback);
  }
  /** Runs what comes due, in order, and lets the promises behind it settle. */
  async pass(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    for (;;) {
      this.#due.sort((a, b) => a.atMs - b.atMs);
      const next = this.#due[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#due.shift();
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.callback();
      await settle();
    }
    this.nowMs = endMs;
  }
}

/** Enough turns of the microtask queue for chains of syncs on a disk that answers at once. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 200; i++) await null;
}

export interface LogWorld {
  readonly disk: Disk;
  readonly time: StillTime;
  readonly open: (options?: Partial<LogOptions>) => Promise<Log>;
}

export const smallConfig: LogConfig = { ...defaultLogConfig, indexIntervalBytes: 256, tailCacheBytes: 2048 };

export function logWorld(codecs: Codecs, config: Partial<LogConfig> = {}, disk?: Disk): LogWorld {
  const time = new StillTime();
  const opened = disk ?? createMemoryDisk({ wallMs: () => time.nowMs });
  const open = (options: Partial<LogOptions> = {}): Promise<Log> =>
    Log.open({
      directory: '/logs/t-0',
      disk: opened,
      clock: time,
      codecs,
      config: { ...smallConfig, ...config },
      recoveryPoint: 0,
      cleanShutdown: false,
      ...options,
    });
  return { disk: opened, time, open };
}

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export function directoryOptions(
  codecs: Codecs,
  disk: Disk,
  time: StillTime,
  config: Partial<LogConfig> = {},
): LogDirectoryOptions {
  const random = createRandom('log directory');
  return {
    path: '/logs',
    runtime: { clock: time, timers: time, random, disk, codecs, log: quiet },
    configFor: () => ({ ...smallConfig, ...config }),
    nodeId: 1,
    clusterId: '4L6g3nShT-eMCtK--X86sw',
  };
}

/** A batch of `count` records whose values say where they came from. */
export function batchOf(
  codecs: Codecs,
  name: string,
  count = 1,
  options: BatchOptions & { timestamp?: number; padding?: number } = {},
): Uint8Array {
  const { timestamp = 1_700_000_000_000, padding = 0, ...rest } = options;
  const records = Array.from({ length: count }, (_, index) => ({
    timestamp: timestamp + index,
    key: null,
    value: new TextEncoder().encode(`${name}.${index}${'-'.repeat(padding)}`),
  }));
  return encodeBatch(records, codecs, rest);
}

export const asClient: AppendOptions = { origin: 'client', leaderEpoch: 0 };

export function appended(result: AppendResult): Extract<AppendResult, { kind: 'appended' }> {
  if (result.kind !== 'appended') throw new Error(`not appended: ${JSON.stringify(result)}`);
  return result;
}

export interface StoredRecord {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
}

/** Every record at or above `from` but markers, read in pieces of `maxBytes`. */
export function readAll(log: Log, codecs: Codecs, from: number = log.logStartOffset, maxBytes = 1000): StoredRecord[] {
  const decoder = new TextDecoder();
  const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : decoder.decode(bytes));
  const records: StoredRecord[] = [];
  let offset = from;
  for (;;) {
    const result = log.read({ offset, maxBytes, minOneMessage: true, upTo: Number.MAX_SAFE_INTEGER });
    if (result.kind === 'refused') throw new Error(`read at ${offset}: ${result.message}`);
    if (result.bytes.length === 0) return records;
    for (let at = 0; at < result.bytes.length; at += batchSize(result.bytes, at)) {
      if (isControlBatch(result.bytes, at)) continue;
      const batch = decodeBatch(result.bytes, at, codecs);
      if (batch.kind === 'corrupt') throw new Error(batch.reason);
      for (const { offset: at, timestamp, key, value } of batch.records) {
        if (at < offset) continue;
        records.push({ offset: at, timestamp, key: text(key), value: text(value) });
      }
    }
    offset = result.nextOffset;
  }
}
