import { hrtime } from 'node:process';

/** Microseconds of CPU that a broker burns for every request, to see whether a slowdown is found. */
const BURN = 'FAULTLINE_DRILL_BURN_US';
const BURN_US_MAX = 1_000_000;

/** What is to run before each request; undefined outside of a drill. Throws Error for what is no number of microseconds. */
export function drillFromEnvironment(environment: NodeJS.ProcessEnv = process.env): (() => void) | undefined {
  const text = environment[BURN];
  if (text === undefined || text === '') return undefined;
  const microseconds = Number(text);
  if (!(microseconds >= 0 && microseconds <= BURN_US_MAX)) {
    throw new Error(`${BURN}=${text}: expected microseconds from 0 to ${BURN_US_MAX}`);
  }
  const ns = BigInt(Math.round(microseconds * 1000));
  return () => {
    const until = hrtime.bigint() + ns;
    while (hrtime.bigint() < until);
  };
}
