import type { Random } from '../../core/runtime.ts';
import { SECTOR_BYTES, type SimFile, type Truncated } from './file.ts';
import { PAGE_BYTES, type PageState } from './page-history.ts';

/** What a power loss does to everything unsynced; drawn once per power loss. */
export type CrashOutcome = 'all-lost' | 'prefix' | 'subset' | 'all-kept';

const OUTCOMES: readonly CrashOutcome[] = ['all-lost', 'prefix', 'subset', 'all-kept'];

export function drawOutcome(random: Random): CrashOutcome {
  return OUTCOMES[random.below(OUTCOMES.length)]!;
}

/**
 * The page rule: every page of unsynced bytes lands on some state of its own history, whatever the others do; the size
 * may have grown first, which leaves zeros; at most one page tears between sectors. Afterwards the file shows what the
 * medium holds, and all of it is durable.
 */
export function losePower(file: SimFile, outcome: CrashOutcome, random: Random): void {
  if (!file.dirty) return;
  const versions: (SimFile | Truncated)[] = [file];
  for (let each = file.before; each !== null; each = each.before) versions.push(each);
  const chosen = chooseVersion(versions, outcome, random);
  const picked = versions[chosen]!;
  const landed = new Map<number, PageState>();

  const pages = dirtyPages(versions, chosen);
  // In a prefix everything up to one page has landed and nothing behind it; that page is where the order stopped.
  const stop = outcome === 'prefix' && pages.length > 0 ? random.below(pages.length + 1) : 0;
  const torn = (outcome === 'prefix' || outcome === 'subset') && pages.length > 0 ? random.below(pages.length * 2) : -1;
  let landedSize = picked.durableSize;
  for (let index = 0; index < pages.length; index++) {
    const page = pages[index]!;
    const states = file.states(page, versionOf(versions, chosen, page));
    const last = states.length - 1;
    const state =
      outcome === 'all-lost'
        ? 0
        : outcome === 'all-kept' || (outcome === 'prefix' && index < stop)
          ? last
          : outcome === 'prefix' && index > stop
            ? 0
            : random.below(states.length);
    let result = states[state]!;
    if (index === torn && state < last) {
      result = tear(result, states[state + 1]!, picked.durableSize - page * PAGE_BYTES, random);
    }
    landed.set(page, result);
    if (result.length > 0) landedSize = Math.max(landedSize, page * PAGE_BYTES + result.length);
  }
  const extended = outcome === 'all-kept' || (outcome !== 'all-lost' && random.below(2) === 0);
  const size = Math.min(picked.size, extended ? picked.size : landedSize);

  for (let index = 0; index < chosen; index++) {
    // Undone truncations, the newest first: what was cut comes back.
    const truncated = versions[index + 1] as Truncated;
    file.content.join(truncated.tail, Math.floor(truncated.cut / PAGE_BYTES) * PAGE_BYTES);
  }
  file.size = size;
  for (const [page, state] of landed) file.putPage(page, state);
  for (const [page, state] of file.ghosts) file.putPage(page, state);
  file.durableSize = size;
  file.ends = [];
  file.overwritten.clear();
  file.ghosts.clear();
  file.before = null;
}

/** Which truncations have landed: 0 for all of them, 1 for all but the newest, … */
function chooseVersion(versions: readonly unknown[], outcome: CrashOutcome, random: Random): number {
  if (outcome === 'all-kept') return 0;
  if (outcome === 'all-lost') return versions.length - 1;
  return random.below(versions.length);
}

/** The pages of the chosen version that have more than one state, in order. */
function dirtyPages(versions: readonly (SimFile | Truncated)[], chosen: number): number[] {
  const picked = versions[chosen]!;
  const pages = new Set<number>();
  for (let index = chosen; index >= 0; index--) {
    const version = versions[index]!;
    for (const page of version.overwritten.keys()) {
      if (versionOf(versions, chosen, page) === version && page * PAGE_BYTES < picked.size) pages.add(page);
    }
  }
  // Below a cut every version knows its own durable size; the smallest reaches furthest back.
  let durable = picked.durableSize;
  for (let index = 0; index < chosen; index++) durable = Math.min(durable, versions[index]!.durableSize);
  for (let page = Math.floor(durable / PAGE_BYTES); page * PAGE_BYTES < picked.size; page++) pages.add(page);
  return [...pages].sort((one, other) => one - other);
}

/** Which version of the file holds a page: a truncated one from its cut page on, a newer one below. */
function versionOf(versions: readonly (SimFile | Truncated)[], chosen: number, page: number): SimFile | Truncated {
  for (let index = chosen; index > 0; index--) {
    const version = versions[index] as Truncated;
    if (page >= Math.floor(version.cut / PAGE_BYTES)) return version;
  }
  return versions[0]!;
}

/** Sectors of the page's next state among those of its state, and at times one of garbage where nothing was durable. */
function tear(old: PageState, next: PageState, durableLength: number, random: Random): PageState {
  const image = new Uint8Array(PAGE_BYTES);
  image.set(old.image.subarray(0, old.length));
  let length = old.length;
  const taken: number[] = [];
  for (let sector = 0; sector * SECTOR_BYTES < next.length; sector++) {
    if (random.below(2) === 0) continue;
    const from = sector * SECTOR_BYTES;
    const to = Math.min(from + SECTOR_BYTES, next.length);
    image.fill(0, from, from + SECTOR_BYTES);
    image.set(next.image.subarray(from, to), from);
    length = Math.max(length, to);
    if (from >= durableLength) taken.push(sector);
  }
  if (taken.length > 0 && random.below(4) === 0) {
    const from = taken[random.below(taken.length)]! * SECTOR_BYTES;
    for (let at = from; at < from + SECTOR_BYTES; at += 4) {
      const word = random.uint32();
      image[at] = word;
      image[at + 1] = word >>> 8;
      image[at + 2] = word >>> 16;
      image[at + 3] = word >>> 24;
    }
  }
  return { image, length, version: 0 };
}
