import type { ControllerPort } from '../controller/admin.ts';
import { allocateProducerIds, ErrorCode } from '../protocol/index.ts';
import type { Logger, Timers } from '../runtime.ts';

export interface ProducerIdsOptions {
  readonly nodeId: number;
  readonly controller: ControllerPort;
  readonly timers: Timers;
  readonly log: Logger;
  readonly brokerEpoch: () => number;
}

const REQUEST_TIMEOUT_MS = 5000;
const RETRY_BACKOFF_MS = 50;
/** The next block is asked for when less than this share of the present one is left. */
const PREFETCH_SHARE = 0.1;

interface Block {
  next: number;
  readonly end: number;
  readonly length: number;
}

/**
 * Producer ids for this broker's clients, from blocks that the controller gives out once in the cluster's life
 * (AllocateProducerIds, KIP-730).
 */
export class ProducerIds {
  readonly #options: ProducerIdsOptions;
  #block: Block | null = null;
  #nextBlock: Block | null = null;
  #asking: Promise<void> | null = null;

  constructor(options: ProducerIdsOptions) {
    this.#options = options;
  }

  /** An id if one is at hand. */
  take(): number | null {
    if (this.#block === null || this.#block.next >= this.#block.end) {
      this.#block = this.#nextBlock;
      this.#nextBlock = null;
    }
    const block = this.#block;
    if (block === null) return null;
    const id = block.next++;
    if (block.end - block.next <= block.length * PREFETCH_SHARE && this.#nextBlock === null) void this.#ask();
    return id;
  }

  /** An id, or null when the controller gives none within `timeoutMs`. */
  async wait(timeoutMs: number): Promise<number | null> {
    const id = this.take();
    if (id !== null) return id;
    await new Promise<void>((resolve) => {
      const timer = this.#options.timers.after(timeoutMs, resolve);
      void this.#ask().then(() => {
        timer.cancel();
        resolve();
      });
    });
    return this.take();
  }

  #ask(): Promise<void> {
    this.#asking ??= this.#request().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  /** Never rejects: without an answer there is no block, and the client is told to try again. */
  async #request(): Promise<void> {
    const { controller, nodeId, brokerEpoch, timers, log } = this.#options;
    try {
      const origin = { principal: 'User:ANONYMOUS', clientId: `broker-${nodeId}`, clientHost: '' };
      const request = { brokerId: nodeId, brokerEpoch: brokerEpoch() };
      const response = await controller.send(allocateProducerIds, 0, request, origin, REQUEST_TIMEOUT_MS);
      if (response !== null && (response.errorCode ?? 0) === ErrorCode.none) {
        const start = response.producerIdStart ?? 0;
        const length = response.producerIdLen ?? 0;
        if (length > 0) this.#nextBlock = { next: start, end: start + length, length };
        return;
      }
      log.warn('the controller gave no producer ids', { errorCode: response?.errorCode ?? null });
    } catch (error) {
      log.warn('the controller gave no producer ids', { error });
    }
    await timers.sleep(RETRY_BACKOFF_MS);
  }
}
