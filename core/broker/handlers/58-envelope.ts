import { answerEnvelope, type Controller } from '../../controller/index.ts';
import { type ApiSchema, envelope } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';

/** A request of a client that a broker passes on to the active controller (KIP-590). */
export function envelopeHandler(controller: Controller, serves: (api: ApiSchema) => boolean): Handler<typeof envelope> {
  return { api: envelope, handle: (request) => answerEnvelope(controller, serves, request) };
}
