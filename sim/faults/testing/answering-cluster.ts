import type { FaultAction } from '../../../workloads/fault.ts';
import { FaultDriver, plainCodecs, type SimNode, type TargetResolver, World } from '../../index.ts';

/** Three brokers that answer, write and sync without end, and a client that speaks to all of them. */
export class AnsweringCluster {
  readonly world: World;
  readonly brokers: SimNode[] = [];
  readonly client: SimNode;
  /** Broker index → answers that the client has had. */
  readonly answers: number[] = [0, 0, 0];
  readonly errors: string[] = [];
  readonly boots: number[] = [0, 0, 0];
  shutdownMs = 5;

  /** `afterMicrotasks`: calls back once no promise can go on, as the platform can. */
  constructor(afterMicrotasks: (callback: () => void) => void) {
    this.world = new World({
      seed: 'test',
      codecs: plainCodecs,
      afterMicrotasks,
    });
    for (let index = 0; index < 3; index++) {
      const name = `broker-${index + 1}`;
      this.brokers.push(
        this.world.addNode({
          name,
          host: name,
          rack: index === 2 ? 'b' : 'a',
          boot: async ({ network, disk, timers }) => {
            this.boots[index]!++;
            await network.listen(name, 9092, (connection) => {
              connection.handler = { data: (bytes) => connection.write([bytes]), closed() {} };
            });
            for (;;) {
              try {
                const file = disk.open('/00.log', { create: true });
                file.write(file.size, [new Uint8Array(4000)]);
                await file.sync();
                file.read(0, new Uint8Array(100));
                await disk.syncDirectory('/');
                disk.open('/tmp', { create: true }).close();
                disk.rename('/tmp', '/tmp.2');
                disk.unlink('/tmp.2');
                file.truncate(file.size - 500);
                await timers.sleep(20);
                file.close();
              } catch (error) {
                this.errors.push((error as Error).message);
              }
              await timers.sleep(5);
            }
          },
          shutdown: ({ timers }) => timers.sleep(this.shutdownMs),
        }),
      );
    }
    this.client = this.world.addNode({
      name: 'client',
      host: 'client',
      boot: ({ network, timers }) => {
        for (const [index, broker] of this.brokers.entries()) {
          const ask = async (): Promise<never> => {
            for (;;) {
              const connection = await network.connect(broker.host, 9092, 50).catch(() => null);
              if (connection === null) {
                await timers.sleep(10);
                continue;
              }
              let open = true;
              connection.handler = {
                data: () => {
                  this.answers[index]!++;
                },
                closed: () => {
                  open = false;
                },
              };
              for (let asked = 0; open && asked < 20; asked++) {
                connection.write([new Uint8Array(50)]);
                await timers.sleep(10);
              }
              connection.close();
            }
          };
          void ask();
        }
      },
    });
  }

  driver(...actions: FaultAction[]): FaultDriver {
    const resolver: TargetResolver = {
      leader: (_topic, partition) => this.brokers[partition] ?? null,
      followers: (_topic, partition) => this.brokers.filter((_, index) => index !== partition),
      survives: () => true,
      controller: () => this.brokers[2]!,
      broker: (id) => this.brokers[id - 1] ?? null,
    };
    return new FaultDriver({
      world: this.world,
      brokers: this.brokers,
      clients: [this.client],
      resolver,
      faults: actions.map((action, index) => ({
        id: `f${index + 1}`,
        atNs: 1e9 * (index + 1),
        action,
        byChance: false,
      })),
    });
  }

  async run(ms: number): Promise<number[]> {
    const before = [...this.answers];
    await this.world.run({ timeNs: this.world.nowNs + ms * 1e6 });
    return this.answers.map((count, index) => count - before[index]!);
  }
}
