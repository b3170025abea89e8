import { type MetadataRecord, metadataRecord, partitionChangeRecord } from '../protocol/index.ts';
import { DIRECTORY_UNASSIGNED, NO_LEADER } from './cluster-image.ts';
import type { PartitionImage } from './image.ts';

const NO_LEADER_CHANGE = -2;
const RECOVERED = 0;
const RECOVERING = 1;

/** What is wanted of a partition; what is not given stays as it is. */
export interface PartitionTarget {
  readonly isr?: readonly number[];
  readonly replicas?: readonly number[];
  readonly adding?: readonly number[];
  readonly removing?: readonly number[];
  readonly recoveryState?: number;
  /** Replicas that lost what was not yet on disk: they can no longer vouch for acknowledged records (KIP-966). */
  readonly uncleanReplicas?: readonly number[];
  /** Replicas whose directory is gone: what they make anew is empty. */
  readonly emptyReplicas?: readonly number[];
  /**
   * 'online' keeps a leader that can stay and elects another only when it cannot; 'preferred' moves leadership to the
   * first replica; 'unclean' takes any live replica when no eligible one is alive.
   */
  readonly election?: 'online' | 'preferred' | 'unclean';
  /** Directory of a replica that is new to the partition. */
  readonly directoryFor?: (brokerId: number) => string;
}

export interface PartitionRules {
  /** May this broker lead now? */
  readonly canLead: (brokerId: number) => boolean;
  /** min.insync.replicas of the topic. */
  readonly minIsr: number;
  /** eligible.leader.replicas.version ≥ 1. */
  readonly elrEnabled: boolean;
}

interface Elected {
  readonly leader: number;
  readonly unclean: boolean;
}

/**
 * The record that takes a partition from where it is to the target, with a leader elected where one is needed; null
 * when nothing changes. Eligible leader replicas and the last known leader follow KIP-966.
 */
export function partitionChange(
  before: PartitionImage,
  target: PartitionTarget,
  rules: PartitionRules,
): MetadataRecord | null {
  const goal = completedReassignment(before, target);
  let isr = goal.isr;
  const eligible = eligibleReplicas(before, goal, isr, target, rules);
  let { elr } = eligible;
  let { lastKnownElr } = eligible;
  let recoveryState = target.recoveryState ?? before.recoveryState;

  const elected = elect(before, goal.replicas, isr, elr, lastKnownElr, target, rules);
  if (elected.unclean) {
    isr = [elected.leader];
    elr = [];
    lastKnownElr = [];
    recoveryState = RECOVERING;
  } else if (elected.leader !== NO_LEADER && !isr.includes(elected.leader)) {
    // Elected from the eligible replicas: the in-sync set was empty, and restarts with it.
    isr = [elected.leader];
    elr = elr.filter((id) => id !== elected.leader);
    lastKnownElr = lastKnownElr.filter((id) => id !== elected.leader);
    recoveryState = target.recoveryState ?? RECOVERED;
  }
  // Without ELR the last in-sync replica stays on record: it alone may lead again.
  if (isr.length === 0 && !rules.elrEnabled) isr = before.isr;

  const removed = before.replicas.some((id) => !goal.replicas.includes(id));
  const leaderChanges = elected.leader !== before.leader;
  // A replica that was taken away must learn that its epoch is over, so the epoch rises though the leader stays.
  const leader = leaderChanges ? elected.leader : removed ? before.leader : NO_LEADER_CHANGE;
  const replicasChange = !same(goal.replicas, before.replicas);
  const draft = {
    partitionId: before.partition,
    topicId: before.topicId,
    isr: same(isr, before.isr) ? null : [...isr],
    leader,
    replicas: replicasChange ? [...goal.replicas] : null,
    removingReplicas: same(goal.removing, before.removingReplicas) ? null : [...goal.removing],
    addingReplicas: same(goal.adding, before.addingReplicas) ? null : [...goal.adding],
    leaderRecoveryState: recoveryState === before.recoveryState ? -1 : recoveryState,
    directories: replicasChange ? goal.replicas.map((id) => directoryOf(before, id, target)) : null,
    eligibleLeaderReplicas: rules.elrEnabled && !same(elr, before.elr) ? [...elr] : null,
    lastKnownElr: rules.elrEnabled && !same(lastKnownElr, before.lastKnownElr) ? [...lastKnownElr] : null,
  };
  const changes =
    draft.isr !== null ||
    draft.leader !== NO_LEADER_CHANGE ||
    draft.replicas !== null ||
    draft.removingReplicas !== null ||
    draft.addingReplicas !== null ||
    draft.leaderRecoveryState !== -1 ||
    draft.eligibleLeaderReplicas !== null ||
    draft.lastKnownElr !== null;
  if (!changes) return null;
  const version =
    draft.eligibleLeaderReplicas !== null || draft.lastKnownElr !== null ? 2 : draft.directories !== null ? 1 : 0;
  return metadataRecord(partitionChangeRecord, version, draft);
}

interface Goal {
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly adding: readonly number[];
  readonly removing: readonly number[];
}

/** A reassignment is complete once every new replica is in sync and an in-sync one remains without those that leave. */
function completedReassignment(before: PartitionImage, target: PartitionTarget): Goal {
  const goal: Goal = {
    replicas: target.replicas ?? before.replicas,
    isr: target.isr ?? before.isr,
    adding: target.adding ?? before.addingReplicas,
    removing: target.removing ?? before.removingReplicas,
  };
  if (goal.adding.length === 0 && goal.removing.length === 0) return goal;
  const isr = goal.isr.filter((id) => !goal.removing.includes(id));
  const replicas = goal.replicas.filter((id) => !goal.removing.includes(id));
  if (isr.length === 0 || replicas.length === 0 || !goal.adding.every((id) => isr.includes(id))) return goal;
  return { replicas, isr, adding: [], removing: [] };
}

function eligibleReplicas(
  before: PartitionImage,
  goal: Goal,
  isr: readonly number[],
  target: PartitionTarget,
  rules: PartitionRules,
): { elr: readonly number[]; lastKnownElr: readonly number[] } {
  if (!rules.elrEnabled) return { elr: before.elr, lastKnownElr: before.lastKnownElr };
  if (isr.length >= Math.min(rules.minIsr, goal.replicas.length)) return { elr: [], lastKnownElr: [] };
  const { uncleanReplicas: unclean = [] } = target;
  const candidates = [...before.elr, ...before.isr.filter((id) => !before.elr.includes(id))];
  const gone = candidates.filter((id) => !isr.includes(id) && goal.replicas.includes(id));
  const elr = gone.filter((id) => !unclean.includes(id));
  const hasNoLeader = isr.length === 0 && before.leader !== NO_LEADER && !elr.some(rules.canLead);
  const known = [...before.lastKnownElr, ...gone.filter((id) => unclean.includes(id))];
  return { elr, lastKnownElr: lastKnown(hasNoLeader ? [before.leader, ...known] : known, elr, goal, target) };
}

/**
 * Who may lead once nobody can vouch any more, the best first: the last leader, and then who left by an unclean
 * shutdown while too few were in sync. KIP-966 keeps the last leader alone, and would elect it with an empty disk, over
 * the copies that the others still have; here it hands on, if need be to any replica that is not empty.
 */
function lastKnown(
  wanted: readonly number[],
  elr: readonly number[],
  goal: Goal,
  { emptyReplicas: empty = [] }: PartitionTarget,
): readonly number[] {
  const able = [...new Set(wanted)].filter((id) => !empty.includes(id));
  if (able.length > 0 || wanted.length === 0 || elr.length > 0) return able;
  const others = goal.replicas.filter((id) => !empty.includes(id));
  return others.length > 0 ? others : goal.replicas;
}

function elect(
  before: PartitionImage,
  replicas: readonly number[],
  isr: readonly number[],
  elr: readonly number[],
  lastKnownElr: readonly number[],
  target: PartitionTarget,
  rules: PartitionRules,
): Elected {
  const { canLead, elrEnabled } = rules;
  const valid = (id: number): boolean => (isr.includes(id) || (elrEnabled && elr.includes(id))) && canLead(id);
  if (target.election === 'preferred' && valid(replicas[0]!)) return { leader: replicas[0]!, unclean: false };
  if (before.leader !== NO_LEADER && replicas.includes(before.leader) && valid(before.leader)) {
    return { leader: before.leader, unclean: false };
  }
  const clean = replicas.find(valid);
  if (clean !== undefined) return { leader: clean, unclean: false };
  const last = lastKnownElr[0] ?? NO_LEADER;
  // Every copy that could vouch is gone; the last leader is the best that is left, if it lives (KIP-966).
  if (elrEnabled && isr.length === 0 && elr.length === 0 && replicas.includes(last) && canLead(last)) {
    return { leader: last, unclean: true };
  }
  if (target.election === 'unclean') {
    const any = replicas.find(canLead);
    if (any !== undefined) return { leader: any, unclean: true };
  }
  return { leader: NO_LEADER, unclean: false };
}

function directoryOf(before: PartitionImage, id: number, target: PartitionTarget): string {
  const index = before.replicas.indexOf(id);
  return index >= 0 ? before.directories[index]! : (target.directoryFor?.(id) ?? DIRECTORY_UNASSIGNED);
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
