import { type Connection, type Network, NetworkError, TlsError } from '../../core/runtime.ts';
import type { Scheduled } from '../event-queue.ts';
import type { Incarnation } from '../incarnation.ts';
import { connect, SimConnection } from '../network/connection.ts';
import { SimListener } from '../network/listener.ts';
import type { SimNode } from '../node.ts';
import { EventKind } from '../trace.ts';

/** Linux repeats an unanswered SYN after 1 s, then twice as long each time. */
const FIRST_SYN_RETRY_NS = 1e9;
/** A name server's answer that there is no such host. */
const RESOLUTION_NS = 1e6;

/** The network as one process sees it. When the process is dead, nothing that it waits for comes. */
export function createProcessNetwork(incarnation: Incarnation): Network {
  const { node } = incarnation;
  return {
    listen(host, port, accept) {
      if (!incarnation.alive) return new Promise(() => {});
      let taken = port;
      if (port === 0) {
        do taken = node.takePort();
        while (portTaken(node, taken));
      } else if (portTaken(node, port)) {
        return Promise.reject(new NetworkError('EADDRINUSE', `${node.name}: port ${port} is taken`));
      }
      return Promise.resolve(new SimListener(incarnation, host, taken, accept));
    },

    connect(host, port, timeoutMs, tls) {
      if (tls !== undefined) {
        return Promise.reject(new TlsError('unsupported', 'a simulated network has no TLS: use target kafka'));
      }
      return new Promise((resolve, reject) => {
        if (!incarnation.alive) return;
        new Attempt(incarnation, host, port, resolve, reject).start(timeoutMs);
      });
    },
  };
}

/** Processes of one host share its ports. */
function portTaken(node: SimNode, port: number): boolean {
  return node.world.nodes.some((each) => each.host === node.host && each.incarnation.listeners.has(port));
}

/** One call of `connect`, until it is answered or given up. */
class Attempt {
  readonly #incarnation: Incarnation;
  readonly #host: string;
  readonly #port: number;
  readonly #resolve: (connection: Connection) => void;
  readonly #reject: (error: NetworkError) => void;
  #decided = false;
  #forgetTimeout: () => void = () => {};

  constructor(
    incarnation: Incarnation,
    host: string,
    port: number,
    resolve: (connection: Connection) => void,
    reject: (error: NetworkError) => void,
  ) {
    this.#incarnation = incarnation;
    this.#host = host;
    this.#port = port;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(timeoutMs: number): void {
    const { node } = this.#incarnation;
    const now = node.localNs();
    const servers = node.world.network.resolve(this.#host, node);
    if (servers.length === 0) {
      this.#schedule(now + RESOLUTION_NS, () => this.#fail('ENOTFOUND', `no host ${this.#host}`));
      return;
    }
    const slot = this.#schedule(now + timeoutMs * 1e6, () =>
      this.#fail('ETIMEDOUT', `no connection to ${this.#host}:${this.#port} within ${timeoutMs} ms`),
    );
    const sequence = node.world.lastSequence;
    this.#forgetTimeout = () => node.world.cancel(slot, sequence);
    this.#knock(servers, now, FIRST_SYN_RETRY_NS);
  }

  /** Sends a SYN, and another one if it is lost. */
  #knock(servers: readonly SimNode[], fromNs: number, retryNs: number): void {
    const { node } = this.#incarnation;
    const server = servers.find((each) => each.incarnation.listeners.has(this.#port)) ?? servers[0]!;
    const there = node.world.network.link(node, server);
    this.#scheduleAt(server, fromNs + there.drawDelayNs(), () => {
      const back = node.world.network.link(server, node);
      if (this.#decided) return false;
      if (there.isCut || back.isCut || server.state === 'off') {
        this.#schedule(fromNs + retryNs, () => {
          this.#knock(servers, fromNs + retryNs, retryNs * 2);
          return false;
        });
        return false;
      }
      return this.#answer(server);
    });
  }

  /** At the server: a connection in its kernel, or a refusal. */
  #answer(server: SimNode): boolean {
    const { node } = this.#incarnation;
    const { world } = node;
    const there = world.network.link(node, server);
    const back = world.network.link(server, node);
    const answerNs = world.nowNs + back.drawDelayNs();
    const listener = server.incarnation.listeners.get(this.#port);
    if (listener === undefined || server.refusesConnections) {
      if (server.refusesConnections) server.refusedConnections++;
      this.#schedule(answerNs, () => this.#fail('ECONNREFUSED', `${this.#host}:${this.#port} refused`));
      return false;
    }
    if (!this.#incarnation.alive) return false;
    const client = new SimConnection(this.#incarnation, `${server.host}:${this.#port}`);
    const accepted = new SimConnection(server.incarnation, `${node.host}:${node.takePort()}`);
    connect(client, accepted, there, back).back.lastArrivalNs = answerNs;
    this.#schedule(answerNs, () => this.#succeed(client));
    return server.submit({ serve: () => listener.accept(accepted) }, server.profile.cpu.eventNs);
  }

  #succeed(connection: SimConnection): boolean {
    if (this.#decided) {
      // Given up in the meantime: the kernel resets what nobody waits for.
      connection.endedByKernel();
      return false;
    }
    this.#decided = true;
    this.#forgetTimeout();
    const { node } = this.#incarnation;
    return node.submit({ serve: () => this.#resolve(connection) }, node.profile.cpu.eventNs);
  }

  #fail(code: string, message: string): boolean {
    if (this.#decided) return false;
    this.#decided = true;
    this.#forgetTimeout();
    const { node } = this.#incarnation;
    return node.submit({ serve: () => this.#reject(new NetworkError(code, message)) }, node.profile.cpu.eventNs);
  }

  #schedule(atNs: number, act: () => boolean): number {
    const target: Scheduled = { fire: () => this.#incarnation.alive && act() };
    return this.#incarnation.node.world.schedule(
      Math.round(atNs),
      EventKind.connect,
      this.#incarnation.node.index,
      0,
      target,
    );
  }

  #scheduleAt(server: SimNode, atNs: number, act: () => boolean): void {
    server.world.schedule(Math.round(atNs), EventKind.connect, server.index, 0, { fire: act });
  }
}
