import { brokerHeartbeat, ErrorCode, type MetadataRecord } from '../../protocol/index.ts';
import type { RegisteredBroker } from '../cluster-image.ts';
import {
  beginControlledShutdown,
  cordonDirectories,
  directoriesFailed,
  fenceBroker,
  leadsAnything,
  unfenceBroker,
} from '../leadership.ts';
import type { Operation, OperationContext } from '../operation.ts';

type BrokerState = 'fenced' | 'unfenced' | 'controlledShutdown' | 'shutdownNow';

/**
 * A broker says that it lives, how far it has replayed, and what it wants: to be unfenced, fenced or let go. v1:
 * offline log directories; v2: cordoned ones.
 */
export const brokerHeartbeatOperation: Operation<typeof brokerHeartbeat> = {
  api: brokerHeartbeat,
  run(context, request) {
    const broker = context.image.brokers.get(request.brokerId);
    const refuse = (errorCode: number) => ({ records: [], response: { errorCode } });
    if (broker === undefined) return refuse(ErrorCode.brokerIdNotRegistered);
    if (broker.epoch !== request.brokerEpoch) return refuse(ErrorCode.staleBrokerEpoch);
    const session = context.sessions.touch(broker.id, context.nowMs, request.currentMetadataOffset);
    const caughtUp = request.currentMetadataOffset >= broker.epoch;
    const current = stateOf(broker);
    const next = nextState(context, broker, current, request.wantFence, request.wantShutDown, caughtUp);
    let records: MetadataRecord[] = [];
    if (next === 'unfenced' && current === 'fenced') records = unfenceBroker(context, broker.id);
    else if ((next === 'fenced' || next === 'shutdownNow') && current !== 'fenced')
      records = fenceBroker(context, broker.id);
    else if (next === 'controlledShutdown' && current === 'unfenced') {
      records = beginControlledShutdown(context, broker.id);
      session.controlledShutdownOffset = context.nextOffset + records.length - 1;
    } else if (next === 'controlledShutdown') {
      // Leadership may have come back to it, when it is the only live replica; try again to move it away.
      records = beginControlledShutdown(context, broker.id).slice(1);
    }
    if (records.length === 0 && next === current) {
      records = directoriesFailed(context, broker.id, new Set(request.offlineLogDirs));
      if (records.length === 0 && request.cordonedLogDirs !== null) {
        records = cordonDirectories(context, broker.id, request.cordonedLogDirs);
      }
    }
    return {
      records,
      response: {
        errorCode: ErrorCode.none,
        isCaughtUp: caughtUp,
        isFenced: next === 'fenced' || next === 'shutdownNow',
        shouldShutDown: next === 'shutdownNow',
      },
    };
  },
};

function stateOf(broker: RegisteredBroker): BrokerState {
  if (broker.fenced) return 'fenced';
  return broker.inControlledShutdown ? 'controlledShutdown' : 'unfenced';
}

function nextState(
  context: OperationContext,
  broker: RegisteredBroker,
  current: BrokerState,
  wantFence: boolean,
  wantShutDown: boolean,
  caughtUp: boolean,
): BrokerState {
  switch (current) {
    case 'fenced':
      if (wantShutDown) return 'shutdownNow';
      return !wantFence && caughtUp ? 'unfenced' : 'fenced';
    case 'unfenced':
      if (wantFence) return wantShutDown ? 'shutdownNow' : 'fenced';
      if (!wantShutDown) return 'unfenced';
      return leadsAnything(context, broker.id) ? 'controlledShutdown' : 'shutdownNow';
    case 'controlledShutdown': {
      // It leads nothing and every active broker has heard so: nobody will ask it any more.
      if (leadsAnything(context, broker.id) && otherActiveBrokers(context, broker.id).length > 0)
        return 'controlledShutdown';
      const shutdownOffset = context.sessions.get(broker.id)?.controlledShutdownOffset ?? -1;
      const heard = otherActiveBrokers(context, broker.id).every(
        (id) => (context.sessions.get(id)?.metadataOffset ?? -1) >= shutdownOffset,
      );
      return heard ? 'shutdownNow' : 'controlledShutdown';
    }
    case 'shutdownNow':
      return 'shutdownNow';
  }
}

function otherActiveBrokers(context: OperationContext, except: number): number[] {
  return context.image.brokerIds().filter((id) => id !== except && context.image.isActive(id));
}
