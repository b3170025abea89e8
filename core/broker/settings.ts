/** A host and a port to listen on or to be reached at. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

const CLIENT_LISTENER = 'PLAINTEXT';
const CONTROLLER_LISTENER = 'CONTROLLER';

/** A node that knows others, or whom to ask, is no cluster of its own. */
const WITH_OTHERS = ['controller.quorum.voters', 'controller.quorum.bootstrap.servers'];

/** A node that is a cluster of its own can hold one copy of everything: what Kafka's single-node samples say too. */
const ALONE: Readonly<Record<string, string>> = {
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
};

/** Kafka's settings of a node in both roles, from the options of a start; what `config` says explicitly comes first. */
export function brokerSettings(options: {
  readonly nodeId: number;
  readonly rack?: string;
  readonly logDirs: readonly string[];
  readonly listen?: ListenAddress;
  readonly advertised?: ListenAddress;
  readonly config?: Readonly<Record<string, string>>;
}): Record<string, string> {
  const { listen, advertised, config } = options;
  return {
    'node.id': String(options.nodeId),
    'process.roles': 'broker,controller',
    'log.dirs': options.logDirs.join(','),
    'controller.listener.names': CONTROLLER_LISTENER,
    ...(options.rack === undefined ? undefined : { 'broker.rack': options.rack }),
    ...(listen === undefined
      ? undefined
      : { listeners: `${CLIENT_LISTENER}://${addressText(listen)},${CONTROLLER_LISTENER}://localhost:0` }),
    ...(advertised === undefined
      ? undefined
      : { 'advertised.listeners': `${CLIENT_LISTENER}://${addressText(advertised)}` }),
    ...(WITH_OTHERS.every((name) => config?.[name] === undefined) ? ALONE : undefined),
    ...config,
  };
}

function addressText({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
