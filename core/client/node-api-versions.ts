import {
  type ApiSchema,
  apiVersions,
  type Draft,
  ErrorCode,
  type Message,
  parseVersions,
  type VersionRange,
} from '../protocol/index.ts';
import { ChannelError } from './channel-error.ts';

/** What KIP-511 tells the broker about us; both must match its pattern of letters, digits, dots and dashes. */
const CLIENT_SOFTWARE = { clientSoftwareName: 'faultline', clientSoftwareVersion: '0.1.0' } as const;

/** Asked before each request: every declaration is read once. */
const ownRanges = new Map<ApiSchema, VersionRange | null>();

/** The versions of an API that this code speaks; a last version that is still a preview is not one of them. */
function ownVersions(api: ApiSchema): VersionRange | null {
  let own = ownRanges.get(api);
  if (own === undefined) {
    own = parseVersions(api.request.versions);
    if (own !== null && api.latestVersionUnstable === true) own = { min: own.min, max: own.max - 1 };
    ownRanges.set(api, own);
  }
  return own;
}

/** What the node at the other end of a connection speaks: all that this code does, until it was asked. */
export class NodeApiVersions {
  #theirs: ReadonlyMap<number, VersionRange> | null = null;
  #features: ReadonlyMap<string, number> = new Map();

  get isKnown(): boolean {
    return this.#theirs !== null;
  }

  /** The level that the cluster's controller has finalized for a feature (KIP-584); 0 for none, or none told. */
  featureLevel(name: string): number {
    return this.#features.get(name) ?? 0;
  }

  /** The highest version that both ends know, at most `cap`; null when there is none. */
  latest(api: ApiSchema, cap: number): number | null {
    const own = ownVersions(api);
    if (own === null) return null;
    let min = own.min;
    let max = Math.min(own.max, cap);
    if (this.#theirs !== null) {
      const theirs = this.#theirs.get(api.key);
      if (theirs === undefined) return null;
      min = Math.max(min, theirs.min);
      max = Math.min(max, theirs.max);
    }
    return min <= max ? max : null;
  }

  /** ApiVersions at our highest version; a broker that does not know it answers with its own range (KIP-511). */
  async negotiate(
    ask: (
      version: number,
      draft: Draft<(typeof apiVersions)['request']>,
    ) => Promise<Message<(typeof apiVersions)['response']>>,
  ): Promise<void> {
    let version = ownVersions(apiVersions)!.max;
    for (;;) {
      const answer = await ask(version, CLIENT_SOFTWARE);
      if (answer.errorCode === ErrorCode.none) {
        this.#theirs = new Map(
          answer.apiKeys.map((range) => [range.apiKey, { min: range.minVersion, max: range.maxVersion }]),
        );
        this.#features = new Map(answer.finalizedFeatures.map((level) => [level.name, level.maxVersionLevel]));
        return;
      }
      if (answer.errorCode !== ErrorCode.unsupportedVersion || version === 0) {
        throw new ChannelError('unsupportedVersion', `ApiVersions was refused with error ${answer.errorCode}`);
      }
      const offered = answer.apiKeys.find((range) => range.apiKey === apiVersions.key)?.maxVersion ?? 0;
      version = offered >= 0 && offered < version ? offered : 0;
    }
  }
}

/** A broker that does not know the version of an ApiVersions request answers it with error 35 in a v0 body. */
export function versionOfResponse(api: ApiSchema, version: number, frame: Uint8Array): number {
  const refused =
    api.key === apiVersions.key && frame.length >= 6 && ((frame[4]! << 8) | frame[5]!) === ErrorCode.unsupportedVersion;
  return refused ? 0 : version;
}
