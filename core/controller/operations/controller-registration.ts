import { controllerRegistration, ErrorCode, metadataRecord, registerControllerRecord } from '../../protocol/index.ts';
import type { Operation } from '../operation.ts';

/** A controller that does not lead says where it can be reached and what it supports (KIP-919). */
export const controllerRegistrationOperation: Operation<typeof controllerRegistration> = {
  api: controllerRegistration,
  run(context, request) {
    if (context.image.features.size === 0) {
      return { records: [], response: { errorCode: ErrorCode.unsupportedVersion, errorMessage: null } };
    }
    const { controllerId, incarnationId, zkMigrationReady, listeners, features } = request;
    return {
      records: [
        metadataRecord(registerControllerRecord, 0, {
          controllerId,
          incarnationId,
          zkMigrationReady,
          endPoints: listeners,
          features,
        }),
      ],
      response: { errorCode: ErrorCode.none, errorMessage: null },
    };
  },
};
