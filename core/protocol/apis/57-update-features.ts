import type { Draft, Message } from '../schema.ts';

export const updateFeatures = {
  key: 57,
  name: 'UpdateFeatures',
  listeners: ['broker', 'controller'],
  request: {
    name: 'UpdateFeaturesRequest',
    versions: '0-2',
    flexible: '0+',
    fields: {
      timeoutMs: { type: 'int32', default: 60000 },
      featureUpdates: {
        each: {
          feature: 'string',
          maxVersionLevel: 'int16',
          allowDowngrade: { type: 'bool', in: '0' },
          upgradeType: { type: 'int8', in: '1+', default: 1 },
        },
      },
      validateOnly: { type: 'bool', in: '1+' },
    },
  },
  response: {
    name: 'UpdateFeaturesResponse',
    versions: '0-2',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: 'int16',
      errorMessage: { type: 'string', nullable: '0+' },
      results: {
        each: {
          feature: 'string',
          errorCode: 'int16',
          errorMessage: { type: 'string', nullable: '0+' },
        },
        in: '0-1',
        ignorable: true,
      },
    },
  },
} as const;

export type UpdateFeaturesRequest = Message<typeof updateFeatures.request>;
export type UpdateFeaturesRequestDraft = Draft<typeof updateFeatures.request>;
export type UpdateFeaturesResponse = Message<typeof updateFeatures.response>;
export type UpdateFeaturesResponseDraft = Draft<typeof updateFeatures.response>;
