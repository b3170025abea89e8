import type { BrokerConfig } from '../../config/index.ts';
import type { BrokerImage } from '../../controller/image.ts';

type Endpoint = BrokerImage['endpoints'][number];

/** Where clients reach a broker: its endpoint of the inter-broker listener's name, else its first; null when it has none. */
export function clientEndpoint(
  broker: BrokerImage,
  config: Pick<BrokerConfig, 'interBrokerListenerName'>,
): Endpoint | null {
  const name = config.interBrokerListenerName;
  return broker.endpoints.find((endpoint) => endpoint.name === name) ?? broker.endpoints[0] ?? null;
}
