import { bounded } from '../bounded.ts';
import { type ApiSchema, type Draft, ErrorCode, envelope, type Message } from '../protocol/index.ts';
import type { PeerAddress, PeerNetwork } from '../quorum/index.ts';
import type { Clock, Timers } from '../runtime.ts';
import type { ControllerPort } from './admin.ts';
import type { Controller } from './controller.ts';
import { unwrapResponse, wrapRequest } from './envelope.ts';

type Origin = Parameters<ControllerPort['send']>[3];

/** Between two looks for the active controller. */
const RETRY_MS = 10;

export interface ControllerPortOptions {
  readonly controller: Controller;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Where the active controller is as far as this node knows; null for none, or for this node. */
  readonly remote: () => PeerAddress | null;
  readonly peers: PeerNetwork;
}

/**
 * The way to the active controller: a call when it is in this process, else the wire, in an envelope for what clients
 * may ask (KIP-590). While no controller is known it waits for one. A request that was sent is not sent again when its
 * answer stays out: it may have been carried out.
 */
export class NodeControllerPort implements ControllerPort {
  readonly #options: ControllerPortOptions;

  constructor(options: ControllerPortOptions) {
    this.#options = options;
  }

  async send<A extends ApiSchema>(
    api: A,
    version: number,
    request: Message<A['request']>,
    origin: Origin,
    timeoutMs: number,
  ): Promise<Draft<A['response']> | null> {
    const { controller, clock, timers, remote } = this.#options;
    const deadlineNs = clock.monotonicNs() + timeoutMs * 1e6;
    for (;;) {
      const leftMs = (deadlineNs - clock.monotonicNs()) / 1e6;
      if (leftMs <= 0) return null;
      if (controller.isActive) return await bounded(timers, controller.handle(api, version, request), leftMs, null);
      const peer = remote();
      if (peer !== null) {
        const answer = await this.#sendTo(peer, api, version, request, origin, leftMs);
        if (answer !== 'notController') return answer;
      }
      await timers.sleep(Math.min(RETRY_MS, leftMs));
    }
  }

  async #sendTo<A extends ApiSchema>(
    peer: PeerAddress,
    api: A,
    version: number,
    request: Message<A['request']>,
    origin: Origin,
    timeoutMs: number,
  ): Promise<Draft<A['response']> | 'notController' | null> {
    const { peers } = this.#options;
    if (api.listeners.includes('broker')) {
      const draft = wrapRequest(api, version, request, origin);
      const response = await peers.request(peer, 'control', envelope, draft, timeoutMs);
      return response === null ? null : unwrapResponse(api, version, response);
    }
    const response = await peers.request(peer, 'control', api, request as Draft<A['request']>, timeoutMs);
    if (response === null) return null;
    const { errorCode } = response as { readonly errorCode?: number };
    return errorCode === ErrorCode.notController ? 'notController' : (response as Draft<A['response']>);
  }
}
