import type { Draft, Message } from '../schema.ts';

export const controllerRegistration = {
  key: 70,
  name: 'ControllerRegistration',
  listeners: ['controller'],
  request: {
    name: 'ControllerRegistrationRequest',
    versions: '0',
    flexible: '0+',
    fields: {
      controllerId: 'int32',
      incarnationId: 'uuid',
      zkMigrationReady: 'bool',
      listeners: {
        each: {
          name: 'string',
          host: 'string',
          port: 'uint16',
          securityProtocol: 'int16',
        },
      },
      features: {
        each: {
          name: 'string',
          minSupportedVersion: 'int16',
          maxSupportedVersion: 'int16',
        },
      },
    },
  },
  response: {
    name: 'ControllerRegistrationResponse',
    versions: '0',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: 'int16',
      errorMessage: { type: 'string', nullable: '0+' },
    },
  },
} as const;

export type ControllerRegistrationRequest = Message<typeof controllerRegistration.request>;
export type ControllerRegistrationRequestDraft = Draft<typeof controllerRegistration.request>;
export type ControllerRegistrationResponse = Message<typeof controllerRegistration.response>;
export type ControllerRegistrationResponseDraft = Draft<typeof controllerRegistration.response>;
