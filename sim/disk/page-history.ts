/** The unit in which unsynced bytes reach the medium. */
export const PAGE_BYTES = 4096;

/** What a page held at one point of its unsynced history. */
export interface PageState {
  readonly image: Uint8Array;
  /** Bytes of the file in it; the rest of the image means nothing. */
  readonly length: number;
  /** When it came to be, as the file counts; 0 for what mere appends left. */
  readonly version: number;
}

/** A page that was written inside the file since the last sync: its states in order, the durable one first. */
export interface PageHistory {
  /** How many of the states, from the front, are what mere appends left: the page had no history before them. */
  prefixes: number;
  states: PageState[];
}

/** The history of the page in which a file was cut. */
export function shortened({ prefixes, states }: PageHistory, lengthMax: number): PageHistory {
  return { prefixes, states: states.map((state) => ({ ...state, length: Math.min(state.length, lengthMax) })) };
}

/** Drops the states that a sync has overtaken; a page whose last state is durable needs no history. */
export function settle(
  overwritten: Map<number, PageHistory>,
  ticket: { readonly size: number; readonly version: number },
): void {
  for (const [page, history] of [...overwritten]) {
    const { states, prefixes } = history;
    let first = 0;
    // Of what appends left, the sync has written all that the file had then.
    const written = Math.min(PAGE_BYTES, ticket.size - page * PAGE_BYTES);
    while (first < prefixes - 1 && states[first]!.length < written) first++;
    for (let index = prefixes; index < states.length && states[index]!.version < ticket.version; index++) first = index;
    if (first > 0) {
      history.states = states.slice(first);
      history.prefixes = Math.max(0, prefixes - first);
    }
    if (history.states.length === 1) overwritten.delete(page);
  }
}
