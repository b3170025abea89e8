import type { RuleId } from '../../reports/verdict/result.ts';
import type { Plan } from '../plan.ts';

/** A shrunk plan that once failed, as a file of this folder. */
export interface Regression {
  readonly schema: 1;
  /** What went wrong, for whoever sees it fail again. */
  readonly note: string;
  /** The rule that failed. With a mutation in the plan it must fail; without one nothing may. */
  readonly rule: RuleId;
  readonly plan: Plan;
}
