import type { Timers } from './runtime.ts';

/** What a promise gives within the bound, or `late`; a rejection after the bound is nobody's. */
export function bounded<Value, Late>(
  timers: Timers,
  promise: Promise<Value>,
  timeoutMs: number,
  late: Late,
): Promise<Value | Late> {
  return new Promise((resolve, reject) => {
    const timer = timers.after(timeoutMs, () => resolve(late));
    promise.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error: unknown) => {
        timer.cancel();
        reject(error);
      },
    );
  });
}
