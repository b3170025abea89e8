import type { ApiSchema, Draft, Message } from '../protocol/index.ts';
import type { Timers } from '../runtime.ts';
import type { ControllerPort } from './admin.ts';
import type { Controller } from './controller.ts';

type Origin = Parameters<ControllerPort['send']>[3];

/** The way to a controller in this process, with another way for when it is not the active one. */
export class LocalControllerPort implements ControllerPort {
  readonly #controller: Controller;
  readonly #timers: Timers;
  readonly #elsewhere: ControllerPort | null;

  constructor(controller: Controller, timers: Timers, elsewhere: ControllerPort | null = null) {
    this.#controller = controller;
    this.#timers = timers;
    this.#elsewhere = elsewhere;
  }

  async send<A extends ApiSchema>(
    api: A,
    version: number,
    request: Message<A['request']>,
    origin: Origin,
    timeoutMs: number,
  ): Promise<Draft<A['response']> | null> {
    if (!this.#controller.isActive)
      return (await this.#elsewhere?.send(api, version, request, origin, timeoutMs)) ?? null;
    return await within(this.#timers, timeoutMs, this.#controller.handle(api, version, request));
  }
}

/** The value, or null when it takes longer than `timeoutMs`. */
function within<T>(timers: Timers, timeoutMs: number, promise: Promise<T | null>): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const timer = timers.after(timeoutMs, () => resolve(null));
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
