import type { ThreadPoint } from '../../core/node/index.ts';
import type { Workload } from '../workload.ts';
import type { Library } from './drivers/library.ts';

/** What the main thread and a load thread say to each other. */

export interface LoadWorkerData {
  readonly workload: Workload;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly bootstrap: readonly string[];
  /** Client settings for every client: security. */
  readonly common: Readonly<Record<string, string>>;
  /** Actor indices of the seats that this thread takes. */
  readonly actors: readonly number[];
  /** The library of producers and consumers; null: our own client. */
  readonly library: Library | null;
  readonly run: number;
  readonly measurement: SharedArrayBuffer;
  readonly positions: SharedArrayBuffer;
}

export type LoadCommand =
  | { readonly kind: 'connect' }
  | { readonly kind: 'run'; readonly zeroNs: number }
  | { readonly kind: 'pauseConsumers' }
  | { readonly kind: 'resumeConsumers' }
  | { readonly kind: 'stopProducers'; readonly timeoutMs: number }
  | { readonly kind: 'stopConsumers'; readonly timeoutMs: number };

/** `read`: the rows of that chunk were read, it may be filled again. */
export type LoadRequest =
  | { readonly kind: 'command'; readonly id: number; readonly command: LoadCommand }
  | { readonly kind: 'read'; readonly chunk: number };

export type LoadMessage =
  | { readonly kind: 'done'; readonly id: number }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  /** The next chunk, numbered 0, 1, 2, …: memory that both threads see from now on. */
  | { readonly kind: 'chunk'; readonly rows: Float64Array<SharedArrayBuffer> }
  /** The first rows of a chunk are written, and are the main thread's until it has read them. */
  | { readonly kind: 'rows'; readonly chunk: number; readonly count: number }
  | { readonly kind: 'problem'; readonly text: string }
  /** Once a second. */
  | { readonly kind: 'telemetry'; readonly point: ThreadPoint };
