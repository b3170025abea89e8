/**
 * Delta debugging (Zeller and Hildebrandt, TSE 2002): the shortest list it can find of which `fails` still holds, by
 * leaving out ever smaller parts. Order is kept. One-minimal: leaving out any single element makes it hold no more.
 */
export async function ddmin<T>(
  list: readonly T[],
  fails: (list: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  if (list.length === 0) return list;
  if (await fails([])) return [];
  let rest = list;
  let parts = 2;
  while (rest.length >= 2) {
    const size = Math.ceil(rest.length / parts);
    let smaller: readonly T[] | null = null;
    for (let from = 0; from < rest.length && smaller === null; from += size) {
      const without = [...rest.slice(0, from), ...rest.slice(from + size)];
      if (without.length > 0 && (await fails(without))) smaller = without;
    }
    if (smaller !== null) {
      rest = smaller;
      parts = Math.max(2, parts - 1);
    } else if (size === 1) break;
    else parts = Math.min(rest.length, parts * 2);
  }
  return rest;
}
