import type { BrokerConfig } from '../config/index.ts';
import type { MetadataDelta, MetadataImage, MetadataListener } from './image.ts';

/** Keeps a node's configuration in step with the cluster's dynamic settings (KIP-226). First among the listeners. */
export class DynamicConfigListener implements MetadataListener {
  readonly #config: BrokerConfig;

  constructor(config: BrokerConfig) {
    this.#config = config;
  }

  metadataChanged(delta: MetadataDelta, image: MetadataImage): void {
    const own = String(this.#config.nodeId);
    if (!delta.configsChanged.some(({ kind, name }) => kind === 'broker' && (name === '' || name === own))) return;
    this.#config.applyDynamic(image.configs('broker', own), image.configs('broker', ''));
  }
}
