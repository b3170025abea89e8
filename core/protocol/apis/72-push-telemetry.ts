import type { Draft, Message } from '../schema.ts';

export const pushTelemetry = {
  key: 72,
  name: 'PushTelemetry',
  listeners: ['broker'],
  request: {
    name: 'PushTelemetryRequest',
    versions: '0',
    flexible: '0+',
    fields: {
      clientInstanceId: 'uuid',
      subscriptionId: 'int32',
      terminating: 'bool',
      compressionType: 'int8',
      metrics: 'bytes',
    },
  },
  response: {
    name: 'PushTelemetryResponse',
    versions: '0',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: 'int16',
    },
  },
} as const;

export type PushTelemetryRequest = Message<typeof pushTelemetry.request>;
export type PushTelemetryRequestDraft = Draft<typeof pushTelemetry.request>;
export type PushTelemetryResponse = Message<typeof pushTelemetry.response>;
export type PushTelemetryResponseDraft = Draft<typeof pushTelemetry.response>;
