import { BrokerConfig } from '../../config/index.ts';
import { type ApiSchema, complete, type Draft, type Message, ZERO_UUID } from '../../protocol/index.ts';
import type { Runtime } from '../../runtime.ts';
import { supportedFeatures } from '../bootstrap.ts';
import type { Controller } from '../controller.ts';
import type { ControllerFaults } from '../faults.ts';
import { type MetadataNode, openMetadataNode } from '../metadata-node.ts';
import type { MetadataReplica } from '../metadata-view.ts';

export const DIRECTORY_ID = 'mCjD6qZY1ecf0o-xzAmNJg';

/** One node that is quorum and controller, with the settings that tests share. */
export class SingleNode {
  readonly node: MetadataNode;

  private constructor(node: MetadataNode) {
    this.node = node;
  }

  get replica(): MetadataReplica {
    return this.node.metadata;
  }
  get controller(): Controller {
    return this.node.controller;
  }

  static config(settings: Readonly<Record<string, string>> = {}): BrokerConfig {
    return BrokerConfig.parse({
      'node.id': '1',
      'process.roles': 'broker,controller',
      'log.dirs': '/data',
      listeners: 'PLAINTEXT://localhost:0,CONTROLLER://localhost:0',
      'controller.listener.names': 'CONTROLLER',
      ...settings,
    });
  }

  static async start(
    runtime: Runtime,
    options: {
      settings?: Record<string, string>;
      clusterId?: string;
      directoryId?: string;
      faults?: ControllerFaults;
    } = {},
  ): Promise<SingleNode> {
    const config = SingleNode.config(options.settings);
    const node = await openMetadataNode({
      runtime,
      config,
      clusterId: options.clusterId ?? 'cluster',
      directoryId: options.directoryId ?? DIRECTORY_ID,
      ...(options.faults === undefined ? {} : { controllerFaults: options.faults }),
    });
    if (!(await node.ready(10_000))) throw new Error('no controller');
    await node.metadata.waitFor(node.quorum.logEndOffset, 10_000);
    return new SingleNode(node);
  }

  /** A request at its highest version. @throws Error when the controller does not answer. */
  async ask<A extends ApiSchema>(api: A, draft: Draft<A['request']>, version = 32767): Promise<Draft<A['response']>> {
    const highest = Number(/(\d+)$/.exec(api.request.versions)![1]);
    const request = complete(api.request, draft) as Message<A['request']>;
    const response = await this.controller.handle(api, Math.min(version, highest), request);
    if (response === null) throw new Error(`no answer to ${api.name}`);
    return response;
  }

  async close(): Promise<void> {
    await this.node.close();
  }
}

/** A registration of a broker with one log directory. */
export function registration(
  brokerId: number,
  more: Record<string, unknown> = {},
): { brokerId: number; clusterId: string; incarnationId: string; logDirs: string[] } & Record<string, unknown> {
  const digit = String(brokerId % 10);
  return {
    brokerId,
    clusterId: 'cluster',
    incarnationId: `${ZERO_UUID.slice(0, 20)}${digit}A`,
    logDirs: [`${ZERO_UUID.slice(0, 10)}B${ZERO_UUID.slice(0, 9)}${digit}A`],
    listeners: [{ name: 'PLAINTEXT', host: 'localhost', port: 9092 + brokerId, securityProtocol: 0 }],
    features: supportedFeatures.map(({ name, min, max }) => ({
      name,
      minSupportedVersion: min,
      maxSupportedVersion: max,
    })),
    rack: null,
    ...more,
  };
}
