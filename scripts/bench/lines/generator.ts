import type { Line } from '../figure.ts';
export const generatorLines: readonly Line[] = [];
