/** A client's configs under Kafka's names. */
export type Config = { readonly [name: string]: string };

/** The configs that a file sets, as numbers under a library's names; what it does not set stays the library's default. */
export function numbers<Names extends { readonly [kafka: string]: string }>(
  config: Config,
  names: Names,
): { [own in Names[keyof Names]]?: number } {
  const set: { [own in Names[keyof Names]]?: number } = {};
  for (const [kafka, own] of Object.entries(names) as [string, Names[keyof Names]][]) {
    const value = config[kafka];
    if (value !== undefined) set[own] = Number(value);
  }
  return set;
}
