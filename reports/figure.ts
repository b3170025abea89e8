/** Three digits at most, never an exponent: 0.412, 6.05, 14.2, 1,204. */
export function figure(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude >= 100) return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
  if (magnitude >= 10) return value.toFixed(1);
  return magnitude >= 1 ? value.toFixed(2) : value.toFixed(3);
}
