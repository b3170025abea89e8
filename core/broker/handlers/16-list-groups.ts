import type { GroupCoordinator } from '../../groups/index.ts';
import { listGroups } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';

const TYPE = 'classic';

/** Groups that this broker coordinates. v3 flexible · v4 filter by state (KIP-518) · v5 filter by type (KIP-848). */
export function listGroupsHandler(groups: GroupCoordinator): Handler<typeof listGroups> {
  return {
    api: listGroups,
    handle({ statesFilter, typesFilter }) {
      const states = statesFilter.map((state) => state.toLowerCase());
      const ofType = typesFilter.length === 0 || typesFilter.some((type) => type.toLowerCase() === TYPE);
      const { errorCode, groups: listed } = groups.listGroups();
      return {
        errorCode,
        groups: listed
          .filter(({ state }) => ofType && (states.length === 0 || states.includes(state.toLowerCase())))
          .map(({ groupId, state, protocolType }) => ({
            groupId,
            protocolType,
            groupState: state,
            groupType: TYPE,
          })),
      };
    },
  };
}
