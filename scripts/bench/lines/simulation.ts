import type { Line } from '../figure.ts';
export const simulationLines: readonly Line[] = [];
