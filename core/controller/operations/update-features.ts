import {
  type ElementOf,
  ErrorCode,
  featureLevelRecord,
  type MetadataRecord,
  metadataRecord,
  type UpdateFeaturesRequest,
  updateFeatures,
} from '../../protocol/index.ts';
import { supportedFeatures } from '../bootstrap.ts';
import { METADATA_VERSION_FEATURE } from '../cluster-image.ts';
import type { Operation, OperationContext } from '../operation.ts';

type Update = ElementOf<UpdateFeaturesRequest['featureUpdates']>;

const KRAFT_VERSION_FEATURE = 'kraft.version';
const UPGRADE = 1;
const SAFE_DOWNGRADE = 2;
const UNSAFE_DOWNGRADE = 3;

/** Finalizes feature levels (KIP-584), all of them or none. v1: safe and unsafe downgrades; v2: one error for all. */
export const updateFeaturesOperation: Operation<typeof updateFeatures> = {
  api: updateFeatures,
  run(context, request, version) {
    const records: MetadataRecord[] = [];
    let kraftVersion: number | null = null;
    for (const update of request.featureUpdates) {
      const message = objection(context, update, version);
      if (message !== null) {
        const errorMessage = `The update failed for all features since the following feature had an error: ${message}`;
        return { records: [], response: { errorCode: ErrorCode.invalidUpdateVersion, errorMessage, results: [] } };
      }
      if (levelOf(context, update.feature) === update.maxVersionLevel) continue;
      if (update.feature === KRAFT_VERSION_FEATURE) {
        kraftVersion = update.maxVersionLevel;
        continue;
      }
      const draft = { name: update.feature, featureLevel: update.maxVersionLevel };
      records.push(metadataRecord(featureLevelRecord, 0, draft));
    }
    if (kraftVersion !== null && !request.validateOnly) context.quorum.changes.upgrade(kraftVersion, false);
    const results =
      version >= 2
        ? []
        : request.featureUpdates.map(({ feature }) => ({ feature, errorCode: ErrorCode.none, errorMessage: 'NONE' }));
    return {
      records: request.validateOnly ? [] : records,
      response: { errorCode: ErrorCode.none, errorMessage: null, results },
    };
  },
};

function objection(context: OperationContext, update: Update, version: number): string | null {
  const { feature, maxVersionLevel: level } = update;
  const refused = (reason: string): string => `Invalid update version ${level} for feature ${feature}. ${reason}`;
  const supported = supportedFeatures.find((one) => one.name === feature);
  const local = `Local controller ${context.config.nodeId}`;
  if (supported === undefined) return refused(`${local} does not support this feature.`);
  if (level < 0 || (level !== 0 && level < supported.min) || level > supported.max) {
    return refused(`${local} only supports versions ${supported.min}-${supported.max}`);
  }
  for (const id of context.image.brokerIds()) {
    const range = context.image.brokers.get(id)!.supportedFeatures.get(feature);
    if (range === undefined && level > 0) return refused(`Broker ${id} does not support this feature.`);
    if (range !== undefined && (level > range.max || (level !== 0 && level < range.min))) {
      return refused(`Broker ${id} only supports versions ${range.min}-${range.max}`);
    }
  }
  const current = levelOf(context, feature);
  const type = version === 0 ? (update.allowDowngrade ? SAFE_DOWNGRADE : UPGRADE) : update.upgradeType;
  if (type !== UPGRADE && type !== SAFE_DOWNGRADE && type !== UNSAFE_DOWNGRADE) {
    return refused('The controller does not support the given upgrade type.');
  }
  if (level < current) {
    if (type === UPGRADE) {
      return refused(
        "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.",
      );
    }
    if (feature === METADATA_VERSION_FEATURE) {
      return `Unsupported metadata.version downgrade from ${current} to ${level}. Refusing to perform the requested downgrade because it might delete metadata information.`;
    }
    if (feature === KRAFT_VERSION_FEATURE) return refused("Can't downgrade the version of this feature.");
  } else if (level > current && type !== UPGRADE) {
    return refused("Can't upgrade the version of this feature when the upgrade type is a downgrade.");
  }
  return feature === KRAFT_VERSION_FEATURE ? context.quorum.changes.upgrade(level, true) : null;
}

/** kraft.version is the quorum's own: it stands in control records (KIP-853). */
function levelOf({ image, quorum }: OperationContext, feature: string): number {
  return feature === KRAFT_VERSION_FEATURE ? quorum.kraftVersion : (image.features.get(feature) ?? 0);
}
