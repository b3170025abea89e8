import type { Line } from '../figure.ts';
export const startLines: readonly Line[] = [];
