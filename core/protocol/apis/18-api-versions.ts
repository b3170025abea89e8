import type { Draft, Message } from '../schema.ts';

export const apiVersions = {
  key: 18,
  name: 'ApiVersions',
  listeners: ['broker', 'controller'],
  request: {
    name: 'ApiVersionsRequest',
    versions: '0-4',
    flexible: '3+',
    fields: {
      clientSoftwareName: { type: 'string', in: '3+', ignorable: true },
      clientSoftwareVersion: { type: 'string', in: '3+', ignorable: true },
    },
  },
  response: {
    name: 'ApiVersionsResponse',
    versions: '0-4',
    flexible: '3+',
    fields: {
      errorCode: 'int16',
      apiKeys: {
        each: {
          apiKey: 'int16',
          minVersion: 'int16',
          maxVersion: 'int16',
        },
      },
      throttleTimeMs: { type: 'int32', in: '1+', ignorable: true },
      supportedFeatures: {
        each: {
          name: { type: 'string', in: '3+' },
          minVersion: { type: 'int16', in: '3+' },
          maxVersion: { type: 'int16', in: '3+' },
        },
        in: '3+',
        tag: 0,
        ignorable: true,
      },
      finalizedFeaturesEpoch: { type: 'int64', in: '3+', tag: 1, default: -1, ignorable: true },
      finalizedFeatures: {
        each: {
          name: { type: 'string', in: '3+' },
          maxVersionLevel: { type: 'int16', in: '3+' },
          minVersionLevel: { type: 'int16', in: '3+' },
        },
        in: '3+',
        tag: 2,
        ignorable: true,
      },
      zkMigrationReady: { type: 'bool', in: '3+', tag: 3, ignorable: true },
    },
  },
} as const;

export type ApiVersionsRequest = Message<typeof apiVersions.request>;
export type ApiVersionsRequestDraft = Draft<typeof apiVersions.request>;
export type ApiVersionsResponse = Message<typeof apiVersions.response>;
export type ApiVersionsResponseDraft = Draft<typeof apiVersions.response>;
