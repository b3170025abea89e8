import type { Draft, Message } from '../schema.ts';

export const getTelemetrySubscriptions = {
  key: 71,
  name: 'GetTelemetrySubscriptions',
  listeners: ['broker'],
  request: {
    name: 'GetTelemetrySubscriptionsRequest',
    versions: '0',
    flexible: '0+',
    fields: {
      clientInstanceId: 'uuid',
    },
  },
  response: {
    name: 'GetTelemetrySubscriptionsResponse',
    versions: '0',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: 'int16',
      clientInstanceId: 'uuid',
      subscriptionId: 'int32',
      acceptedCompressionTypes: { each: 'int8' },
      pushIntervalMs: 'int32',
      telemetryMaxBytes: 'int32',
      deltaTemporality: 'bool',
      requestedMetrics: { each: 'string' },
    },
  },
} as const;

export type GetTelemetrySubscriptionsRequest = Message<typeof getTelemetrySubscriptions.request>;
export type GetTelemetrySubscriptionsRequestDraft = Draft<typeof getTelemetrySubscriptions.request>;
export type GetTelemetrySubscriptionsResponse = Message<typeof getTelemetrySubscriptions.response>;
export type GetTelemetrySubscriptionsResponseDraft = Draft<typeof getTelemetrySubscriptions.response>;
