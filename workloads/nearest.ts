/**
 * The word of `words` that a typist most likely meant, or null when none is near: at most a third of the letters wrong,
 * counting an exchange of neighbours as one mistake. Case, dots, dashes and underscores do not count as differences.
 */
export function nearest(word: string, words: Iterable<string>): string | null {
  const wanted = squash(word.slice(0, 80));
  let best: string | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of words) {
    const squashed = squash(candidate);
    const allowed = Math.max(1, Math.floor(Math.max(wanted.length, squashed.length) / 3));
    if (Math.abs(squashed.length - wanted.length) > allowed) continue;
    const distance = editDistance(wanted, squashed);
    if (distance <= allowed && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function squash(word: string): string {
  return word.toLowerCase().replace(/[-_. ]/g, '');
}

/** Optimal string alignment: insert, delete, replace, exchange two neighbours. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(row[j - 1]! + 1, last[j]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, beforeLast[j - 2]! + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
