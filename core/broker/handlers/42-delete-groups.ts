import type { GroupCoordinator } from '../../groups/index.ts';
import { deleteGroups } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';

/** Deletes groups that have no members, with their offsets. v2 flexible. */
export function deleteGroupsHandler(groups: GroupCoordinator): Handler<typeof deleteGroups> {
  return {
    api: deleteGroups,
    async handle({ groupsNames }) {
      const results = await Promise.all(
        Array.from(new Set(groupsNames), async (groupId) => ({
          groupId,
          errorCode: await groups.deleteGroup(groupId),
        })),
      );
      return { results };
    },
  };
}
