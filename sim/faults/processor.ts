import { type ActionOf, type Inject, lasting } from './fault.ts';

export const pause: Inject<ActionOf<'pause'>> = (action, context) =>
  lasting(context.resolve(action.target), action.forMs, context, (node) =>
    node.pause() ? { end: () => void node.resume(), confirmed: () => true } : null,
  );

export const slowCpu: Inject<ActionOf<'slow-cpu'>> = (action, context) =>
  lasting(context.resolve(action.target), action.forMs, context, (node) => {
    node.cpuFactor *= action.factor;
    const end = (): void => {
      node.cpuFactor /= action.factor;
    };
    return { end, confirmed: () => true };
  });
