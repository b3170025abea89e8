import type { Line } from '../figure.ts';
export const microLines: readonly Line[] = [];
