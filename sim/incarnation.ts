import type { SimConnection } from './network/connection.ts';
import type { SimListener } from './network/listener.ts';
import type { SimNode } from './node.ts';

/** One life of a node's process, from its start to its end. What belongs to a dead one never runs again. */
export class Incarnation {
  readonly node: SimNode;
  /** From 1. */
  readonly number: number;
  alive = true;
  /** Of this life, for checks that nothing leaks. */
  pendingTimers = 0;
  openFiles = 0;
  readonly connections: Set<SimConnection> = new Set();
  readonly listeners: Map<number, SimListener> = new Map();

  constructor(node: SimNode, number: number) {
    this.node = node;
    this.number = number;
  }
}
