import type { BrokerConfig } from '../../config/index.ts';
import { ConfigResourceType } from '../../controller/image-builder.ts';
import { timedOutMessage } from '../../controller/messages.ts';
import { ErrorCode } from '../../protocol/index.ts';

interface Resource {
  readonly resourceType: number;
  readonly resourceName: string;
}

export interface AlterAnswer extends Resource {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/**
 * What a broker can say itself about resources whose settings shall change; the rest goes to the controller. A broker's
 * own settings are changed at that broker, as it alone may know whether it can take them.
 */
export function localAnswer(config: BrokerConfig, resource: Resource): AlterAnswer | null {
  const { resourceType, resourceName } = resource;
  const refuse = (errorMessage: string): AlterAnswer => {
    return { resourceType, resourceName, errorCode: ErrorCode.invalidRequest, errorMessage };
  };
  if (
    resourceType === ConfigResourceType.broker &&
    /^\d+$/.test(resourceName) &&
    resourceName !== String(config.nodeId)
  ) {
    return refuse(`Unexpected broker id, expected ${config.nodeId}, but received ${resourceName}`);
  }
  if (resourceType === ConfigResourceType.brokerLogger)
    return refuse('The levels of loggers are fixed when the node starts.');
  return null;
}

type DraftAnswer = { readonly [K in keyof AlterAnswer]?: AlterAnswer[K] | undefined };

/** Answers in the order of the resources: `remote` answers those that have no local one, in their order. */
export function inOrder(
  resources: readonly Resource[],
  local: readonly (AlterAnswer | null)[],
  remote: readonly DraftAnswer[] | null,
): DraftAnswer[] {
  let next = 0;
  return resources.map(({ resourceType, resourceName }, index) => {
    const own = local[index];
    if (own !== null && own !== undefined) return own;
    const answer = remote?.[next++];
    return (
      answer ?? { resourceType, resourceName, errorCode: ErrorCode.requestTimedOut, errorMessage: timedOutMessage }
    );
  });
}
