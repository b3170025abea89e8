import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as apiDeclarations from './apis/index.ts';
import { apiByKey, apis } from './apis.ts';
import { ErrorCode, errorInfo } from './errors.ts';
import { parseVersions } from './schema.ts';

interface KafkaApi {
  readonly name: string;
  readonly validVersions: string;
  readonly flexibleVersions?: string;
  readonly listeners?: readonly string[];
}

function fixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8'));
}

test('the APIs are those of Kafka 4.3: keys, names, versions, flexible versions, listeners', () => {
  const kafka = Object.entries(fixture('apis.json') as Record<string, KafkaApi>)
    .filter(([, api]) => api.validVersions !== 'none')
    .map(([key, api]) => ({
      key: Number(key),
      name: api.name,
      versions: api.validVersions,
      flexible: api.flexibleVersions ?? 'none',
      listeners: [...(api.listeners ?? [])].sort(),
    }));
  const ours = apis.map((api) => ({
    key: api.key,
    name: api.name,
    versions: api.request.versions,
    flexible: api.request.flexible,
    listeners: [...api.listeners].sort(),
  }));
  expect(ours).toEqual(kafka);
});

test('request and response of an API have the same versions and bear its name', () => {
  for (const { name, request, response } of apis) {
    expect([request.name, response.name]).toEqual([`${name}Request`, `${name}Response`]);
    expect(response.versions, name).toBe(request.versions);
    expect(response.flexible, name).toBe(request.flexible);
    expect(parseVersions(request.versions), name).not.toBeNull();
  }
});

test('every declared API is in the list, once', () => {
  expect(new Set(apis)).toEqual(new Set(Object.values(apiDeclarations)));
  expect(apiByKey.size).toBe(apis.length);
});

test('error codes are those of Kafka, with what a client does about them', () => {
  const kafka = fixture('errors.json') as {
    code: number;
    name: string;
    retriable: boolean;
    refreshMetadata: boolean;
  }[];
  expect(Object.values(ErrorCode)).toEqual(kafka.map(({ code }) => code));
  for (const { code, ...info } of kafka) expect(errorInfo(code)).toEqual(info);
  expect(errorInfo(9999).name).toBe('UNKNOWN_SERVER_ERROR');
});
