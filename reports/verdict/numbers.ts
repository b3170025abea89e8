/** A growing list of rows of numbers, for what happens seldom but may happen a million times. */
export class NumberRows {
  readonly width: number;
  #values: Float64Array;
  #length = 0;

  constructor(width: number) {
    this.width = width;
    this.#values = new Float64Array(width * 64);
  }

  get length(): number {
    return this.#length;
  }

  push(...row: number[]): void {
    const at = this.#length * this.width;
    if (at + this.width > this.#values.length) {
      const grown = new Float64Array(this.#values.length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    for (let column = 0; column < this.width; column++) this.#values[at + column] = row[column]!;
    this.#length += 1;
  }

  set(row: number, column: number, value: number): void {
    this.#values[row * this.width + column] = value;
  }

  at(row: number, column: number): number {
    return this.#values[row * this.width + column]!;
  }
}
