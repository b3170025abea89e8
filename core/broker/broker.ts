import type { BrokerConfig } from '../config/index.ts';
import type { MetadataNode } from '../controller/index.ts';
import type { Assembly } from './assembly.ts';
import { type BrokerOptions, type BrokerParts, startParts } from './start.ts';

const LEAVE_TIMEOUT_MS = 5000;
const DRAIN_TIMEOUT_MS = 2000;

/** A running node in both roles: a broker, and a controller that is a voter of the metadata quorum. */
export class Broker {
  readonly #parts: BrokerParts;
  #closing: Promise<void> | null = null;

  private constructor(parts: BrokerParts) {
    this.#parts = parts;
  }

  /**
   * Opens the logs (recovering what a crash left), joins the quorum, registers, and resolves when the broker answers.
   * Rejects with ConfigError, DiskError, NetworkError, or Error when it could not start in time; nothing stays open then.
   */
  static async start(options: BrokerOptions): Promise<Broker> {
    const undo: (() => void | Promise<void>)[] = [];
    try {
      return new Broker(await startParts(options, undo));
    } catch (error) {
      for (const step of undo.reverse()) {
        try {
          await step();
        } catch (failure) {
          options.runtime.log.error('could not clean up after a failed start', { error: failure });
        }
      }
      throw error;
    }
  }

  get nodeId(): number {
    return this.#parts.config.nodeId;
  }
  get clusterId(): string {
    return this.#parts.clusterId;
  }
  get config(): BrokerConfig {
    return this.#parts.config;
  }
  /** Where it listens for clients. */
  get host(): string {
    return this.#parts.host;
  }
  get port(): number {
    return this.#parts.port;
  }
  /** The request side: services, partitions, connections. For invariant checkers and for rooms built on it. */
  get assembly(): Assembly {
    return this.#parts.assembly;
  }
  /** Quorum, controller and committed metadata. */
  get metadataNode(): MetadataNode {
    return this.#parts.metadataNode;
  }
  get brokerEpoch(): number {
    return this.#parts.lifecycle.epoch;
  }

  /**
   * Leaves the cluster in order: what it leads moves, what has started is answered, what is written is closed clean.
   * `leave: false` spares the others the moving: for when all of them end.
   */
  close(options: { readonly leave?: boolean } = {}): Promise<void> {
    this.#closing ??= this.#close(options.leave ?? true);
    return this.#closing;
  }

  async #close(leave: boolean): Promise<void> {
    const { assembly, config, controllerServer, lifecycle, logDirectories, metadataNode } = this.#parts;
    const { server, replicas } = assembly;
    const brokerEpoch = lifecycle.epoch;
    await server.stopListening();
    if (leave && config.boolean('controlled.shutdown.enable')) await lifecycle.leave(LEAVE_TIMEOUT_MS);
    lifecycle.end();
    await server.drain(DRAIN_TIMEOUT_MS);
    assembly.close();
    await metadataNode.close();
    await controllerServer?.stopListening();
    await controllerServer?.drain(DRAIN_TIMEOUT_MS);
    await replicas.settled();
    for (const directory of logDirectories) {
      if (directory.state.kind === 'online') await directory.close(brokerEpoch);
    }
  }
}
