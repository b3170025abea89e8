/** Kafka's own words for refusals that several requests share. */
export const unknownTopicMessage = 'This server does not host this topic-partition.';
export const unknownTopicIdMessage = 'This server does not host this topic ID.';
export const timedOutMessage = 'The request timed out.';
