import type { ApiSchema, Draft, Message } from '../../protocol/index.ts';
import type { RequestContext } from '../handler.ts';
import type { BrokerServices } from '../services.ts';

/** What a handler needs that passes requests on to the active controller. */
export type ForwardingServices = Pick<BrokerServices, 'controller' | 'config' | 'replicas'>;

/**
 * The active controller's answer, or null when none came in time (it may have been carried out nevertheless). The
 * answer is held until this broker has done its own share of the change, so that what a client was told exists can be
 * used at once.
 */
export async function forward<A extends ApiSchema>(
  services: ForwardingServices,
  api: A,
  request: Message<A['request']>,
  context: RequestContext,
  timeoutMs: number,
): Promise<Draft<A['response']> | null> {
  const { version, principal, clientId, clientHost } = context;
  const origin = { principal, clientId, clientHost };
  const response = await services.controller.send(api, version, request, origin, boundedTimeoutMs(services, timeoutMs));
  if (response !== null) await services.replicas.settledWithin(boundedTimeoutMs(services, timeoutMs));
  return response;
}

/** A client's timeout, within what the broker is ready to hold a request for. */
function boundedTimeoutMs(services: ForwardingServices, timeoutMs: number): number {
  return Math.max(1, Math.min(timeoutMs, services.config.number('request.timeout.ms')));
}
