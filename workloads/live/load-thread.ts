import { Worker } from 'node:worker_threads';
import type { ThreadPoint } from '../../core/node/index.ts';
import type { LoadHandle } from '../actors/conduct.ts';
import type { HistorySink } from '../history.ts';
import type { LoadCommand, LoadMessage, LoadRequest, LoadWorkerData } from './messages.ts';

const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './load-worker.ts' : './load-worker.js', import.meta.url);

/** A load thread as the conductor sees it. */
export class LoadThread implements LoadHandle {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  readonly #chunks: Float64Array[] = [];
  #nextId = 0;
  /** Why the thread is gone before its time; its rows may be incomplete then. */
  failure: Error | null = null;
  /** Hears once a second how the thread does. */
  onTelemetry: ((point: ThreadPoint) => void) | null = null;

  constructor(data: LoadWorkerData, sink: HistorySink, problem: (text: string) => void) {
    this.#worker = new Worker(ENTRY, { workerData: data });
    this.#worker.on('message', (message: LoadMessage) => {
      switch (message.kind) {
        case 'chunk':
          this.#chunks.push(message.rows);
          return;
        case 'rows':
          sink.rows(this.#chunks[message.chunk]!, message.count);
          this.#post({ kind: 'read', chunk: message.chunk });
          return;
        case 'problem':
          problem(message.text);
          return;
        case 'telemetry':
          this.onTelemetry?.(message.point);
          return;
        case 'done':
          this.#take(message.id)?.resolve();
          return;
        case 'failed':
          this.#take(message.id)?.reject(new Error(message.message));
      }
    });
    this.#worker.on('error', (error) => this.#gone(error instanceof Error ? error : new Error(String(error))));
    this.#worker.on('exit', (code) => this.#gone(new Error(`a load thread ended with ${code}`)));
  }

  connect(): Promise<void> {
    return this.#ask({ kind: 'connect' });
  }
  run(zeroNs: number): Promise<void> {
    return this.#ask({ kind: 'run', zeroNs });
  }
  pauseConsumers(): Promise<void> {
    return this.#ask({ kind: 'pauseConsumers' });
  }
  resumeConsumers(): Promise<void> {
    return this.#ask({ kind: 'resumeConsumers' });
  }
  stopProducers(timeoutMs: number): Promise<void> {
    return this.#ask({ kind: 'stopProducers', timeoutMs });
  }
  stopConsumers(timeoutMs: number): Promise<void> {
    return this.#ask({ kind: 'stopConsumers', timeoutMs });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #ask(command: LoadCommand): Promise<void> {
    if (this.failure !== null) return Promise.reject(this.failure);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#post({ kind: 'command', id, command });
    });
  }

  #post(request: LoadRequest): void {
    this.#worker.postMessage(request);
  }

  #take(id: number): { resolve: () => void; reject: (error: Error) => void } | undefined {
    const waiter = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiter;
  }

  #gone(error: Error): void {
    this.failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.failure);
    this.#waiting.clear();
  }
}
