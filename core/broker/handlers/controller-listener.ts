import type { Controller } from '../../controller/index.ts';
import { operations } from '../../controller/operations/index.ts';
import { type ApiSchema, type Draft, ErrorCode, type Message } from '../../protocol/index.ts';
import type { AnyHandler, Handler } from '../handler.ts';

/** What the listener of the controllers serves: every request that only the active controller carries out. */
export function controllerHandlers(controller: Controller): readonly AnyHandler[] {
  return operations.map(({ api }) => controllerHandler(controller, api as ApiSchema));
}

function controllerHandler<A extends ApiSchema>(controller: Controller, api: A): Handler<A> {
  return {
    api,
    async handle(request, context) {
      const response = await controller.handle(api, context.version, request);
      return response ?? notController(api, request);
    },
  };
}

interface Named {
  readonly name?: string;
  readonly topic?: string;
  readonly resourceType?: number;
  readonly resourceName?: string;
}

/** NOT_CONTROLLER in the shape of each response: at the top where there is a place for it, else for each thing asked. */
function notController<A extends ApiSchema>(api: A, request: Message<A['request']>): Draft<A['response']> {
  const errorCode = ErrorCode.notController;
  const errorMessage = null;
  if ('errorCode' in api.response.fields) return { errorCode } as unknown as Draft<A['response']>;
  const asked = request as { readonly topics?: readonly Named[]; readonly resources?: readonly Named[] };
  const each = (asked.topics ?? asked.resources ?? []).map((one) => ({ ...one, errorCode, errorMessage }));
  const list = ['topics', 'results', 'responses'].find((name) => name in api.response.fields) ?? 'responses';
  return { [list]: each } as unknown as Draft<A['response']>;
}
