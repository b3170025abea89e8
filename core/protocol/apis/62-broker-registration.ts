import type { Draft, Message } from '../schema.ts';

export const brokerRegistration = {
  key: 62,
  name: 'BrokerRegistration',
  listeners: ['controller'],
  request: {
    name: 'BrokerRegistrationRequest',
    versions: '0-4',
    flexible: '0+',
    fields: {
      brokerId: 'int32',
      clusterId: 'string',
      incarnationId: 'uuid',
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
      rack: { type: 'string', nullable: '0+' },
      isMigratingZkBroker: { type: 'bool', in: '1+' },
      logDirs: { each: 'uuid', in: '2+', ignorable: true },
      previousBrokerEpoch: { type: 'int64', in: '3+', default: -1, ignorable: true },
    },
  },
  response: {
    name: 'BrokerRegistrationResponse',
    versions: '0-4',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: 'int16',
      brokerEpoch: { type: 'int64', default: -1 },
    },
  },
} as const;

export type BrokerRegistrationRequest = Message<typeof brokerRegistration.request>;
export type BrokerRegistrationRequestDraft = Draft<typeof brokerRegistration.request>;
export type BrokerRegistrationResponse = Message<typeof brokerRegistration.response>;
export type BrokerRegistrationResponseDraft = Draft<typeof brokerRegistration.response>;
