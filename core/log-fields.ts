/** The fields of a log line as ` name=value`, each; bare where a value has only plain characters. */
export function formatLogFields(fields: Readonly<Record<string, unknown>> | null | undefined): string {
  if (fields === null || fields === undefined) return '';
  return Object.entries(fields)
    .map(([name, value]) => ` ${name}=${formatValue(value)}`)
    .join('');
}

function formatValue(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.message);
  if (typeof value === 'string') return /^[\w.:/@-]+$/.test(value) ? value : JSON.stringify(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // Cycles and bigints: a log line must never be what breaks.
    return String(value);
  }
}
