/** Kafka's code, where an error of kafkajs or what it was caused by has one; -1 otherwise. */
export function kafkaJsCode(error: unknown): number {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown };
    if (typeof code === 'number' && code !== 0) return code;
  }
  return -1;
}

/** Kafka's code, wherever in an error of @platformatic/kafka it stands; -1 without one. */
export function platformaticCode(error: unknown): number {
  if (!(error instanceof Error)) return -1;
  const { apiCode } = error as { apiCode?: unknown };
  if (typeof apiCode === 'number' && apiCode !== 0) return apiCode;
  const inner = [...(error instanceof AggregateError ? error.errors : []), error.cause];
  for (const one of inner) {
    const code = one === undefined ? -1 : platformaticCode(one);
    if (code !== -1) return code;
  }
  return -1;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
