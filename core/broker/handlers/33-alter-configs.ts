import { alterConfigs } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import { inOrder, localAnswer } from './alter-configs.ts';
import { type ForwardingServices, forward } from './forward.ts';

/** Replaces all settings of a resource: the older form of IncrementalAlterConfigs. */
export function alterConfigsHandler(services: ForwardingServices): Handler<typeof alterConfigs> {
  return {
    api: alterConfigs,
    async handle(request, context) {
      const local = request.resources.map((resource) => localAnswer(services.config, resource));
      const resources = request.resources.filter((_, index) => local[index] === null);
      const remote =
        resources.length === 0
          ? { responses: [] }
          : await forward(services, alterConfigs, { ...request, resources }, context, Number.POSITIVE_INFINITY);
      return { responses: inOrder(request.resources, local, remote?.responses ?? null) };
    },
  };
}
