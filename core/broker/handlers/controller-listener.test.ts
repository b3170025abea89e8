import { expect, test } from 'vitest';
import type { MetadataNode } from '../../controller/index.ts';
import { addRaftVoter, removeRaftVoter, updateRaftVoter, vote } from '../../protocol/index.ts';
import { controllerHandlers } from './controller-listener.ts';

test('controllers with a fixed set of voters do not offer to change it (KIP-853)', () => {
  const node = { controller: {}, quorum: { service: {} } } as unknown as MetadataNode;
  const served = controllerHandlers(node).map(({ api }) => api.key);
  expect(served).toContain(vote.key);
  for (const api of [addRaftVoter, removeRaftVoter, updateRaftVoter]) expect(served).not.toContain(api.key);
});
