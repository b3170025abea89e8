import type { ServedApi } from '../dispatch.ts';
import type { FetchSessions } from '../fetch-sessions.ts';
import type { AnyHandler } from '../handler.ts';
import type { ProducerIds } from '../producer-ids.ts';
import type { BrokerServices } from '../services.ts';
import { produceHandler } from './00-produce.ts';
import { fetchHandler } from './01-fetch.ts';
import { listOffsetsHandler } from './02-list-offsets.ts';
import { metadataHandler } from './03-metadata.ts';
import { apiVersionsHandler, type SupportedFeature } from './18-api-versions.ts';
import { createTopicsHandler } from './19-create-topics.ts';
import { deleteTopicsHandler } from './20-delete-topics.ts';
import { deleteRecordsHandler } from './21-delete-records.ts';
import { initProducerIdHandler } from './22-init-producer-id.ts';
import { offsetForLeaderEpochHandler } from './23-offset-for-leader-epoch.ts';
import { describeProducersHandler } from './61-describe-producers.ts';

/** What some handlers need beside the broker's services. */
export interface HandlerParts {
  readonly fetchSessions: FetchSessions;
  readonly producerIds: ProducerIds;
  readonly supportedFeatures: readonly SupportedFeature[];
  /** What the listener serves, once that is known: ApiVersions tells it. */
  readonly served: () => Iterable<ServedApi>;
}

/** Every API that a broker's listener serves, by number. What is not here is not advertised. */
export function brokerHandlers(services: BrokerServices, parts: HandlerParts): readonly AnyHandler[] {
  return [
    produceHandler(services),
    fetchHandler(services, parts.fetchSessions),
    listOffsetsHandler(services),
    metadataHandler(services),
    apiVersionsHandler(services, parts.served, parts.supportedFeatures),
    createTopicsHandler(services),
    deleteTopicsHandler(services),
    deleteRecordsHandler(services),
    initProducerIdHandler(parts.producerIds),
    offsetForLeaderEpochHandler(services),
    describeProducersHandler(services),
  ];
}
