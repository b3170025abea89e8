import { type ActionOf, type Inject, lasting } from './fault.ts';

/** The jump stays until all is healed: then clocks are set right. */
export const clockJump: Inject<ActionOf<'clock-jump'>> = (action, context) =>
  lasting(context.resolve(action.target), null, context, (node) => {
    node.clock.jump(action.byMs);
    return { end: () => node.clock.setRight(), confirmed: () => true };
  });

export const clockOffset: Inject<ActionOf<'clock-offset'>> = (action, context) =>
  lasting(context.resolve(action.target), action.forMs, context, (node) => {
    node.clock.jump(action.byMs);
    return { end: () => node.clock.jump(-action.byMs), confirmed: () => true };
  });

export const clockDrift: Inject<ActionOf<'clock-drift'>> = (action, context) =>
  lasting(context.resolve(action.target), action.forMs, context, (node) => {
    node.clock.setDrift(action.partsPerMillion);
    return { end: () => node.clock.setRight(), confirmed: () => true };
  });
