/**
 * Times of the records that have no outcome yet, by the writer's sequence number. Sequences rise by one, so a ring of a
 * power of two holds the window between the oldest open record and the newest; it doubles when the window grows.
 */
export class InFlight {
  #intended: Float64Array;
  #sent: Float64Array;
  #bytes: Float64Array;
  #open: Uint8Array;
  #mask: number;
  /** Oldest sequence that may be open; everything below has an outcome. */
  #oldest = 0;
  #next = 0;
  #count = 0;

  constructor(initial = 1024) {
    this.#intended = new Float64Array(initial);
    this.#sent = new Float64Array(initial);
    this.#bytes = new Float64Array(initial);
    this.#open = new Uint8Array(initial);
    this.#mask = initial - 1;
  }

  /** Records without an outcome. */
  get count(): number {
    return this.#count;
  }

  /** The sequence that the next `add` gets. */
  get nextSequence(): number {
    return this.#next;
  }

  add(intendedNs: number, sentNs: number, bytes: number): number {
    if (this.#next - this.#oldest > this.#mask) this.#grow();
    const at = this.#next & this.#mask;
    this.#intended[at] = intendedNs;
    this.#sent[at] = sentNs;
    this.#bytes[at] = bytes;
    this.#open[at] = 1;
    this.#count++;
    return this.#next++;
  }

  intended(sequence: number): number {
    return this.#intended[sequence & this.#mask]!;
  }
  sent(sequence: number): number {
    return this.#sent[sequence & this.#mask]!;
  }
  bytes(sequence: number): number {
    return this.#bytes[sequence & this.#mask]!;
  }

  /** False when the sequence has its outcome already: a second one is the client's bug, and the caller reports it. */
  settle(sequence: number): boolean {
    if (sequence < this.#oldest || sequence >= this.#next) return false;
    const at = sequence & this.#mask;
    if (this.#open[at] === 0) return false;
    this.#open[at] = 0;
    this.#count--;
    while (this.#oldest < this.#next && this.#open[this.#oldest & this.#mask] === 0) this.#oldest++;
    return true;
  }

  /** Takes back the newest record, which the client refused to take. */
  withdraw(): void {
    this.#next--;
    this.#open[this.#next & this.#mask] = 0;
    this.#count--;
    if (this.#oldest > this.#next) this.#oldest = this.#next;
  }

  #grow(): void {
    const size = (this.#mask + 1) * 2;
    const intended = new Float64Array(size);
    const sent = new Float64Array(size);
    const bytes = new Float64Array(size);
    const open = new Uint8Array(size);
    for (let sequence = this.#oldest; sequence < this.#next; sequence++) {
      const from = sequence & this.#mask;
      const to = sequence & (size - 1);
      intended[to] = this.#intended[from]!;
      sent[to] = this.#sent[from]!;
      bytes[to] = this.#bytes[from]!;
      open[to] = this.#open[from]!;
    }
    this.#intended = intended;
    this.#sent = sent;
    this.#bytes = bytes;
    this.#open = open;
    this.#mask = size - 1;
  }
}
