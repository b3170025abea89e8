import type { ApiSchema, Draft, Message } from '../protocol/index.ts';

/**
 * The way from a broker to the active controller, for every request that changes the cluster: a direct call where the
 * controller is in this process, the wire (Envelope, KIP-590) where it is not. Never waits longer than `timeoutMs`;
 * without an active controller the answer is null, and the caller answers NOT_CONTROLLER or REQUEST_TIMED_OUT.
 */
export interface ControllerPort {
  send<A extends ApiSchema>(
    api: A,
    version: number,
    request: Message<A['request']>,
    origin: { readonly principal: string; readonly clientId: string | null; readonly clientHost: string },
    timeoutMs: number,
  ): Promise<Draft<A['response']> | null>;
}
