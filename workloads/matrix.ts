import { isMap, isScalar, isSeq, type Node } from 'yaml';
import { quote } from './diagnostics.ts';
import { entriesOf } from './object-schema.ts';
import { pathSteps } from './override-path.ts';
import { below, report, reportExpected, type Schema, textOf } from './schema.ts';

/** One axis of a matrix: a field of the file by its path, and the values that it takes in turn, as `--set` takes them. */
export interface MatrixAxis {
  readonly path: string;
  readonly values: readonly string[];
}

/** One combination: an override for each axis. */
export interface MatrixCell {
  readonly index: number;
  /** The value of each axis, in the order of the axes. */
  readonly values: readonly string[];
  /** `path=value`, as for `--set`. */
  readonly set: readonly string[];
}

/** A plan of more runs than that is a mistake. */
const CELLS_MAX = 1_000;
const NOT_AXES: ReadonlySet<string> = new Set(['matrix', 'target', 'bootstrap']);

export const matrix: Schema<readonly MatrixAxis[]> = {
  expected: 'a map of field paths to lists of values, such as { "topics[0].partitions": [1, 6, 12] }',
  json: { type: 'object', additionalProperties: { type: 'array', minItems: 1 } },
  read(place) {
    if (!isMap(place.node)) return reportExpected(place, 'type', this.expected);
    const axes: MatrixAxis[] = [];
    for (const { key, keyNode, value } of entriesOf(place, place.node)) {
      const at = below(place, value, key);
      const steps = pathSteps(key);
      if (steps === null || NOT_AXES.has(String(steps[0]))) {
        const example = 'expected the path of a field, such as topics[0].partitions';
        report({ ...at, node: keyNode }, 'value', `matrix: ${quote(key)} is no axis; ${example}`);
        continue;
      }
      if (!isSeq(at.node) || at.node.items.length === 0) {
        reportExpected(at, 'type', 'a list of values, at least one');
        continue;
      }
      const values = at.node.items.map((item, index) => overrideText(below(at, item as Node | null, index).node));
      const twice = values.find((text, index) => values.indexOf(text) !== index);
      if (twice !== undefined) report(at, 'value', `${at.path}: the value ${quote(twice)} stands there twice`);
      axes.push({ path: key, values });
    }
    const cells = axes.reduce((product, { values }) => product * values.length, 1);
    if (cells > CELLS_MAX) report(place, 'limit', `matrix: ${cells} combinations; at most ${CELLS_MAX} are run`);
    return axes;
  },
};

/** A value as the right side of `--set`: YAML of its own, on one line. */
function overrideText(node: Node | null): string {
  const text = textOf(node);
  if (text === undefined) return node === null || isScalar(node) ? 'null' : JSON.stringify(node.toJSON());
  return /^[\w.%/-]+$/.test(text) ? text : JSON.stringify(text);
}

/** Every combination, the first axis slowest. */
export function matrixCells(axes: readonly MatrixAxis[]): MatrixCell[] {
  let combinations: readonly (readonly string[])[] = [[]];
  for (const { values } of axes)
    combinations = combinations.flatMap((before) => values.map((value) => [...before, value]));
  return combinations.map((values, index) => ({
    index,
    values,
    set: values.map((value, axis) => `${axes[axis]!.path}=${value}`),
  }));
}
