import type { ConfigInput } from '../../core/client/index.ts';
import type { Runtime } from '../../core/runtime.ts';
import type { Driver } from './driver.ts';
import { OwnAdmin } from './own-admin.ts';
import { OwnConsumer } from './own-consumer.ts';
import { OwnProducer } from './own-producer.ts';

/** Our own client (core/client) on some runtime. `common`: settings for every client, such as security. */
export function ownDriver(runtime: Runtime, bootstrap: readonly string[], common: ConfigInput = {}): Driver {
  const base = (clientId: string): ConfigInput => ({
    ...common,
    'bootstrap.servers': bootstrap.join(','),
    'client.id': clientId,
  });
  return {
    name: 'faultline',
    producer: (clientId, topics, config, outcomes) =>
      new OwnProducer(runtime, topics, { ...base(clientId), ...config }, outcomes),
    consumer: (clientId, subscription, config, events) =>
      new OwnConsumer(runtime, subscription, { ...base(clientId), ...config }, events),
    admin: (clientId) => new OwnAdmin(runtime, base(clientId)),
  };
}
