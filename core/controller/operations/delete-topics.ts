import {
  type DeleteTopicsResponseDraft,
  deleteTopics,
  type ElementOf,
  ErrorCode,
  type MetadataRecord,
  metadataRecord,
  removeTopicRecord,
  ZERO_UUID,
} from '../../protocol/index.ts';
import { unknownTopicIdMessage, unknownTopicMessage } from '../messages.ts';
import type { Operation } from '../operation.ts';

type Result = ElementOf<DeleteTopicsResponseDraft['responses']>;

/** v6: topics by id too. */
export const deleteTopicsOperation: Operation<typeof deleteTopics> = {
  api: deleteTopics,
  run(context, request, version) {
    const asked = version >= 6 ? request.topics : request.topicNames.map((name) => ({ name, topicId: ZERO_UUID }));
    const results: Result[] = [];
    const records: MetadataRecord[] = [];
    if (!context.config.boolean('delete.topic.enable')) {
      const errorCode = version < 3 ? ErrorCode.invalidRequest : ErrorCode.topicDeletionDisabled;
      return {
        records,
        response: {
          responses: asked.map((topic) => ({ ...topic, errorCode, errorMessage: 'Topic deletion is disabled.' })),
        },
      };
    }
    const keyOf = (topic: { readonly name: string | null; readonly topicId: string }): string =>
      topic.name === null ? `id ${topic.topicId}` : `name ${topic.name}`;
    const counts = new Map<string, number>();
    for (const topic of asked) counts.set(keyOf(topic), (counts.get(keyOf(topic)) ?? 0) + 1);
    const answered = new Set<string>();
    const deleted = new Set<string>();
    for (const topic of asked) {
      const { name, topicId } = topic;
      const refuse = (errorCode: number, errorMessage: string): void => {
        results.push({ name, topicId, errorCode, errorMessage });
      };
      if (name === null && topicId === ZERO_UUID) {
        refuse(ErrorCode.invalidRequest, 'Neither topic name nor id were specified.');
        continue;
      }
      if (name !== null && topicId !== ZERO_UUID) {
        refuse(ErrorCode.invalidRequest, 'You may not specify both topic name and topic id.');
        continue;
      }
      const key = keyOf(topic);
      if (answered.has(key)) continue;
      answered.add(key);
      if (counts.get(key)! > 1) {
        refuse(ErrorCode.invalidRequest, name === null ? 'Duplicate topic id.' : 'Duplicate topic name.');
        continue;
      }
      const found = name === null ? context.image.topicsById.get(topicId) : context.image.topicsByName.get(name);
      if (found === undefined) {
        if (name === null) refuse(ErrorCode.unknownTopicId, unknownTopicIdMessage);
        else refuse(ErrorCode.unknownTopicOrPartition, unknownTopicMessage);
        continue;
      }
      // By name and by id in one request: one of them has done it.
      if (!deleted.has(found.id)) records.push(metadataRecord(removeTopicRecord, 0, { topicId: found.id }));
      deleted.add(found.id);
      results.push({ name: found.name, topicId: found.id, errorCode: ErrorCode.none, errorMessage: null });
    }
    return { records, response: { responses: results } };
  },
};
