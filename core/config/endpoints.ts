/** Security protocols by Kafka's id. */
export const securityProtocols: readonly string[] = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'];

export interface ListenerEndpoint {
  /** "PLAINTEXT", "CONTROLLER", … as the configuration names it. */
  readonly name: string;
  /** '' listens on every address. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** Reads `NAME://host:port`; an IPv6 host stands in brackets. Null when it is none. */
export function parseEndpoint(text: string): ListenerEndpoint | null {
  const match = /^([^:]+):\/\/(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const port = Number(match[4]);
  return port > 65535 ? null : { name: match[1]!.toUpperCase(), host: match[2] ?? match[3] ?? '', port };
}

/** A voter of the static quorum: `1@localhost:9093` (`controller.quorum.voters`). */
export interface StaticVoter {
  readonly id: number;
  readonly host: string;
  readonly port: number;
}

/** Reads `host:port`, of a server that somebody is to ask. Null when it is none. */
export function parseServer(text: string): { readonly host: string; readonly port: number } | null {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const port = Number(match[3]);
  return port === 0 || port > 65535 ? null : { host: match[1] ?? match[2] ?? '', port };
}

export function parseVoter(text: string): StaticVoter | null {
  const match = /^(\d{1,10})@(?:\[([^\]]*)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  return { id: Number(match[1]), host: match[2] ?? match[3] ?? '', port: Number(match[4]) };
}

const EVERY_ADDRESS: ReadonlySet<string> = new Set(['', '0.0.0.0', '::']);

/** A host that a client can connect to: "every address" is none. */
export function reachableHost(host: string): string {
  return EVERY_ADDRESS.has(host) ? 'localhost' : host;
}
