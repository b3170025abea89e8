import { incrementalAlterConfigs } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import { inOrder, localAnswer } from './alter-configs.ts';
import { type ForwardingServices, forward } from './forward.ts';

/** Changes single settings of topics, brokers, groups and subscriptions (KIP-339), at the active controller. */
export function incrementalAlterConfigsHandler(services: ForwardingServices): Handler<typeof incrementalAlterConfigs> {
  return {
    api: incrementalAlterConfigs,
    async handle(request, context) {
      const local = request.resources.map((resource) => localAnswer(services.config, resource));
      const resources = request.resources.filter((_, index) => local[index] === null);
      const remote =
        resources.length === 0
          ? { responses: [] }
          : await forward(
              services,
              incrementalAlterConfigs,
              { ...request, resources },
              context,
              Number.POSITIVE_INFINITY,
            );
      return { responses: inOrder(request.resources, local, remote?.responses ?? null) };
    },
  };
}
