import { expect, test } from 'vitest';
import { complete, createTopics, type EnvelopeResponse, envelope, fetch } from '../protocol/index.ts';
import { answerEnvelope, unwrapResponse, wrapRequest } from './envelope.ts';
import { ControllerWorld } from './testing/controller-world.ts';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const origin = { principal: 'User:alice', clientId: 'app', clientHost: '/10.1.2.3' };

async function sent(made: ControllerWorld, version: number, serves = true): Promise<EnvelopeResponse> {
  const topics = [{ name: `t${version}`, numPartitions: 1, replicationFactor: 1 }];
  const request = complete(createTopics.request, { topics });
  const wrapped = complete(envelope.request, wrapRequest(createTopics, version, request, origin));
  const answer = answerEnvelope(made.controller, () => serves, wrapped);
  await made.time.run(5);
  return complete(envelope.response, await answer);
}

test('a request in an envelope is carried out as if it had come by itself, at every version', async () => {
  const made = await ControllerWorld.start({ settle });
  await made.addBroker(1);
  for (const version of [2, 4, 5, 7]) {
    const response = unwrapResponse(createTopics, version, await sent(made, version));
    expect(response).toMatchObject({ topics: [{ name: `t${version}`, errorCode: 0 }] });
    expect(made.replica.image.topicsByName.has(`t${version}`)).toBe(true);
  }
});

test('only what clients may ask is opened, and only by the active controller', async () => {
  const made = await ControllerWorld.start({ settle });
  expect(await sent(made, 7, false)).toMatchObject({ errorCode: 42, responseData: null });
  made.quorum.leader = { id: 2, epoch: 2 };
  made.replica.leaderChanged(made.quorum.leader);
  expect(unwrapResponse(createTopics, 7, await sent(made, 7))).toBe('notController');
  const hostile = complete(envelope.request, {
    requestData: Uint8Array.of(0, 19, 0, 7, 9),
    clientHostAddress: Uint8Array.of(),
  });
  expect(await answerEnvelope(made.controller, () => true, hostile)).toMatchObject({ errorCode: 42 });
  const bad = complete(envelope.response, { errorCode: 0, responseData: Uint8Array.of(1, 2, 3) });
  expect(unwrapResponse(fetch, 12, bad)).toBe(null);
});

test('who asked travels along', () => {
  const request = complete(createTopics.request, {});
  const wrapped = wrapRequest(createTopics, 7, request, origin);
  expect([...wrapped.clientHostAddress!]).toEqual([10, 1, 2, 3]);
  expect(new TextDecoder().decode(wrapped.requestPrincipal!)).toContain('alice');
  expect(new TextDecoder().decode(wrapped.requestData)).toContain('app');
});
