import type { SimNode } from '../node.ts';
import type { World } from '../world.ts';
import { Link } from './link.ts';

/** All links between nodes, made as they are first needed. */
export class Fabric {
  readonly #world: World;
  readonly #links: (Link | undefined)[][] = [];

  constructor(world: World) {
    this.#world = world;
  }

  link(from: SimNode, to: SimNode): Link {
    let row = this.#links[from.index];
    if (row === undefined) {
      row = [];
      this.#links[from.index] = row;
    }
    let link = row[to.index];
    if (link === undefined) {
      link = new Link(from, to);
      row[to.index] = link;
    }
    return link;
  }

  /** Nothing passes in this one direction until it is undone. */
  cut(from: SimNode, to: SimNode): () => void {
    return this.link(from, to).cut();
  }

  /** Cuts every link between the two sides, both ways. */
  partition(one: readonly SimNode[], other: readonly SimNode[]): () => void {
    const undo: (() => void)[] = [];
    for (const a of one) {
      for (const b of other) {
        if (a !== b) undo.push(this.cut(a, b), this.cut(b, a));
      }
    }
    return () => {
      for (const each of undo) each();
    };
  }

  heal(from: SimNode, to: SimNode): void {
    this.link(from, to).heal();
  }

  /** Every link is whole and of its usual speed again. */
  healAll(): void {
    for (const row of this.#links) for (const link of row ?? []) link?.heal();
  }

  /** The nodes at an address: a host, a node's name, or the caller's own machine. */
  resolve(host: string, from: SimNode): readonly SimNode[] {
    if (host === 'localhost' || host === '127.0.0.1' || host === '::1') {
      return this.#world.nodes.filter((node) => node.host === from.host);
    }
    return this.#world.nodes.filter((node) => node.host === host || node.name === host);
  }
}
