import { expect, test } from 'vitest';
import { StillTime, settle } from '../log/testing/world.ts';
import { ErrorCode } from '../protocol/index.ts';
import { BrokerLifecycle, type LifecycleOptions } from './lifecycle.ts';

const SESSION_MS = 9_000;
const quiet = (): void => undefined;

test('a broker whose former session still lasts asks again after 10 ms, then ever less often, and is in soon after its end', async () => {
  const time = new StillTime();
  const startMs = time.nowMs;
  const triedAtMs: number[] = [];
  const controller = {
    send: () => {
      triedAtMs.push(time.nowMs - startMs);
      const isOver = time.nowMs - startMs >= SESSION_MS;
      return Promise.resolve({
        throttleTimeMs: 0,
        errorCode: isOver ? ErrorCode.none : ErrorCode.duplicateBrokerRegistration,
        brokerEpoch: isOver ? 5 : -1,
        // Of the heartbeat that follows.
        isFenced: false,
      });
    },
  };
  const lifecycle = new BrokerLifecycle({
    clock: time,
    timers: time,
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    controller,
    metadata: { image: { endOffset: 6 }, waitFor: () => Promise.resolve(true) },
    registration: { brokerId: 1 },
    heartbeatIntervalMs: 2_000,
    offlineLogDirectories: () => [],
    quorumIsDown: () => Promise.resolve(false),
  } as unknown as LifecycleOptions);
  let inAtMs = Number.NaN;
  const started = lifecycle
    .start(60_000, () => Promise.resolve())
    .then(() => {
      inAtMs = time.nowMs - startMs;
    });
  await settle();
  await time.pass(SESSION_MS + 200);
  await started;
  lifecycle.end();
  expect(lifecycle.epoch).toBe(5);
  expect(triedAtMs.slice(0, 4)).toEqual([0, 10, 30, 70]);
  expect(triedAtMs.length).toBeLessThan(110);
  expect(inAtMs).toBeLessThan(SESSION_MS + 110);
});
