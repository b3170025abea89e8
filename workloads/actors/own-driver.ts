import { type ConfigInput, Producer } from '../../core/client/index.ts';
import type { Runtime } from '../../core/runtime.ts';
import type { Driver } from './driver.ts';
import { OwnAdmin } from './own-admin.ts';
import { OwnConsumer } from './own-consumer.ts';
import { OwnProducer } from './own-producer.ts';
import { OwnTransactionalProducer } from './own-transactional-producer.ts';

/** Our own client (core/client) on some runtime. `common`: settings for every client, such as security. */
export function ownDriver(runtime: Runtime, bootstrap: readonly string[], common: ConfigInput = {}): Driver {
  const base = (clientId: string): ConfigInput => ({
    ...common,
    'bootstrap.servers': bootstrap.join(','),
    'client.id': clientId,
  });
  return {
    name: 'faultline',
    producer: (clientId, topics, given, outcomes) => {
      const config = { ...base(clientId), ...given };
      if ('transactional.id' in config) return new OwnTransactionalProducer(runtime, topics, config, outcomes);
      return new OwnProducer(runtime, topics, (onBatch) => new Producer({ runtime, config, onBatch }), outcomes);
    },
    consumer: (clientId, subscription, config, events) =>
      new OwnConsumer(runtime, subscription, { ...base(clientId), ...config }, events),
    admin: (clientId) => new OwnAdmin(runtime, base(clientId)),
  };
}
