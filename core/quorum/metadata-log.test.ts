import { expect, test } from 'vitest';
import { BrokerConfig } from '../config/index.ts';
import { CrashDisk } from '../log/testing/crash-disk.ts';
import { WatchedDisk } from '../log/testing/watched-disk.ts';
import { StillTime } from '../log/testing/world.ts';
import { nodeCodecs } from '../node/codecs.ts';
import { createRandom } from '../random.ts';
import type { Disk } from '../runtime.ts';
import { MetadataLog } from './metadata-log.ts';
import { QuorumStateFile } from './quorum-state-file.ts';

const directory = '/data/__cluster_metadata-0';
const config = BrokerConfig.parse({
  'process.roles': 'broker,controller',
  'node.id': '1',
  'log.dirs': '/data',
  'controller.listener.names': 'CONTROLLER',
  listeners: 'PLAINTEXT://:9092,CONTROLLER://:9093',
  'controller.quorum.voters': '1@localhost:9093',
});

function open(disk: Disk): Promise<MetadataLog> {
  const runtime = { clock: new StillTime(), disk, codecs: nodeCodecs };
  return MetadataLog.open({ directory, runtime, config, onDiskError: () => {} });
}

const vote = (id: number, epoch: number): Parameters<QuorumStateFile['write']>[0] => ({
  epoch,
  leaderId: -1,
  voted: { id, directoryId: 'AAAAAAAAAAAAAAAAAAAAAA' },
});

test('a vote that the next life of the process reads is durable before it can be answered with', async () => {
  const medium = new CrashDisk();
  const disk = new WatchedDisk(medium);
  await open(disk);
  const file = new QuorumStateFile(disk, directory);
  await file.write(vote(2, 4), 1, []);
  disk.refuse = (operation) => (operation === 'syncDirectory' ? 'EIO' : null);
  await expect(file.write(vote(3, 5), 1, [])).rejects.toThrow('EIO');
  disk.refuse = () => null;

  await open(disk);
  const seen = new QuorumStateFile(disk, directory).read();
  expect(seen).toEqual(vote(3, 5));
  const random = createRandom('power loss');
  for (let i = 0; i < 20; i++) {
    const survived = medium.afterPowerLoss(random);
    expect(new QuorumStateFile(survived, directory).read()).toEqual(seen);
  }
});
