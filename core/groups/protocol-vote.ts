import type { Member, MemberProtocol } from './member.ts';

/** Protocols that every member knows, in the first member's order. Without members anything goes: null. */
function commonProtocols(members: Iterable<Member>): string[] | null {
  let common: string[] | null = null;
  for (const { protocols } of members) {
    common =
      common === null
        ? protocols.map(({ name }) => name)
        : common.filter((name) => protocols.some((protocol) => protocol.name === name));
  }
  return common;
}

/** Whether a newcomer shares a protocol with all who are there. */
export function hasCommonProtocol(members: Iterable<Member>, protocols: readonly MemberProtocol[]): boolean {
  const common = commonProtocols(members);
  return common === null || protocols.some(({ name }) => common.includes(name));
}

/** Each member votes for the first protocol of its list that all know; the most votes win, then who was named first. */
export function electProtocol(members: Iterable<Member>): string | null {
  const all = [...members];
  const candidates = commonProtocols(all) ?? [];
  const votes = new Map<string, number>();
  for (const { protocols } of all) {
    const choice = protocols.find(({ name }) => candidates.includes(name));
    if (choice !== undefined) votes.set(choice.name, (votes.get(choice.name) ?? 0) + 1);
  }
  let best: string | null = null;
  for (const [name, count] of votes) if (best === null || count > votes.get(best)!) best = name;
  return best;
}
