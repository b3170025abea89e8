import type { DelayProfile } from './draws.ts';

/** What a node's processor asks for, in virtual nanoseconds. */
export interface CpuProfile {
  /** Serving one event: a readable socket, a finished sync, an accepted connection. */
  eventNs: number;
  /** A timer that fires. */
  timerNs: number;
  /** Per byte read from a connection. */
  perByteNs: number;
}

export interface DiskProfile {
  /** A call that touches only the page cache: fixed part, and per byte copied. */
  callNs: number;
  copyPerByteNs: number;
  /** fdatasync of data that is on its way already. */
  sync: DelayProfile;
  /** A read that misses the page cache. */
  coldRead: DelayProfile;
  bytesPerSecond: number;
}

export interface LinkProfile {
  delay: DelayProfile;
}

export interface NetworkProfile {
  /** Between processes of one host, nodes of one rack, and racks. One way. */
  loopback: LinkProfile;
  sameRack: LinkProfile;
  betweenRacks: LinkProfile;
  /** What a node can send in all. */
  bytesPerSecond: number;
  /** Bytes in flight and unread at the receiver, per direction of a connection. */
  windowBytes: number;
  /** Chance that a segment arrives in two pieces, cut anywhere. */
  partialReadChance: number;
  /** How long unanswered bytes are retransmitted before the connection fails with ETIMEDOUT. */
  retransmitLimitNs: number;
}

export interface Profile {
  cpu: CpuProfile;
  disk: DiskProfile;
  network: NetworkProfile;
}

const MICROSECOND = 1e3;
const MILLISECOND = 1e6;

const delay = (minNs: number, meanExtraNs: number, tailChance = 0, tailMeanNs = 0): DelayProfile => ({
  minNs,
  meanExtraNs,
  tailChance,
  tailMeanNs,
});

// Measured on the real runtime: a broker event costs some 8 µs of one core apart from its bytes, an append of 16 KiB to the
// page cache 5 µs.
const CPU: CpuProfile = { eventNs: 8 * MICROSECOND, timerNs: 1 * MICROSECOND, perByteNs: 0.3 };
const PAGE_CACHE = { callNs: 1.5 * MICROSECOND, copyPerByteNs: 0.2 };

// Linux: net.ipv4.tcp_retries2 = 15 ends a connection after about 924.6 s (Documentation/networking/ip-sysctl.rst).
const RETRANSMIT_LIMIT_NS = 924_600 * MILLISECOND;

const LOOPBACK: LinkProfile = { delay: delay(8 * MICROSECOND, 6 * MICROSECOND, 0.0005, 200 * MICROSECOND) };

/** One machine: brokers and clients over loopback; a consumer SSD whose flush takes milliseconds. */
const laptop: Profile = {
  cpu: CPU,
  disk: {
    ...PAGE_CACHE,
    // fdatasync after 16 KiB took 2.6 ms on a virtual machine's disk; consumer SSDs without power-loss capacitors
    // show 0.5 to 5 ms.
    sync: delay(700 * MICROSECOND, 900 * MICROSECOND, 0.005, 15 * MILLISECOND),
    coldRead: delay(80 * MICROSECOND, 30 * MICROSECOND, 0.001, 2 * MILLISECOND),
    bytesPerSecond: 1.5e9,
  },
  network: {
    loopback: LOOPBACK,
    sameRack: LOOPBACK,
    betweenRacks: LOOPBACK,
    bytesPerSecond: 3e9,
    windowBytes: 2_500_000,
    partialReadChance: 0.01,
    retransmitLimitNs: RETRANSMIT_LIMIT_NS,
  },
};

/** Instances with local NVMe, 10 Gbit/s, three availability zones of a region. */
const cloudNvme: Profile = {
  cpu: CPU,
  disk: {
    ...PAGE_CACHE,
    // Instance-store NVMe acknowledges a flush from protected memory; reads take about 90 µs (vendors' data sheets for
    // enterprise TLC: 20 µs write, 80 to 100 µs read latency).
    sync: delay(40 * MICROSECOND, 40 * MICROSECOND, 0.002, 3 * MILLISECOND),
    coldRead: delay(80 * MICROSECOND, 20 * MICROSECOND, 0.002, 2 * MILLISECOND),
    bytesPerSecond: 1.2e9,
  },
  network: {
    loopback: LOOPBACK,
    // AWS: tens of microseconds within a placement group, single-digit milliseconds promised and 0.3 to 1 ms round
    // trip usual between zones.
    sameRack: { delay: delay(45 * MICROSECOND, 20 * MICROSECOND, 0.0005, 2 * MILLISECOND) },
    betweenRacks: { delay: delay(250 * MICROSECOND, 80 * MICROSECOND, 0.001, 5 * MILLISECOND) },
    bytesPerSecond: 1.25e9,
    windowBytes: 4_000_000,
    partialReadChance: 0.02,
    retransmitLimitNs: RETRANSMIT_LIMIT_NS,
  },
};

/** The same with network volumes: gp3 gives 125 MB/s and "single-digit millisecond" latency by default. */
const cloudEbs: Profile = {
  ...cloudNvme,
  disk: {
    ...PAGE_CACHE,
    sync: delay(600 * MICROSECOND, 500 * MICROSECOND, 0.005, 20 * MILLISECOND),
    coldRead: delay(500 * MICROSECOND, 300 * MICROSECOND, 0.005, 10 * MILLISECOND),
    bytesPerSecond: 125e6,
  },
};

/** Racks are regions: 35 ms one way, as between the east and the west of North America, with a share of 1 Gbit/s. */
const wan: Profile = {
  ...cloudNvme,
  network: {
    ...cloudNvme.network,
    betweenRacks: { delay: delay(35 * MILLISECOND, 500 * MICROSECOND, 0.002, 60 * MILLISECOND) },
    bytesPerSecond: 125e6,
    windowBytes: 6_000_000,
  },
};

export type ProfileName = 'laptop' | 'cloud-nvme' | 'cloud-ebs' | 'wan';

export const profiles: Readonly<Record<ProfileName, Profile>> = {
  laptop,
  'cloud-nvme': cloudNvme,
  'cloud-ebs': cloudEbs,
  wan,
};

/** The same with every delay at its shortest and every segment whole. */
export function withoutChance(profile: Profile): Profile {
  const still = ({ minNs }: DelayProfile): DelayProfile => delay(minNs, 0);
  const { disk, network } = profile;
  return {
    ...profile,
    disk: { ...disk, sync: still(disk.sync), coldRead: still(disk.coldRead) },
    network: {
      ...network,
      loopback: { delay: still(network.loopback.delay) },
      sameRack: { delay: still(network.sameRack.delay) },
      betweenRacks: { delay: still(network.betweenRacks.delay) },
      partialReadChance: 0,
    },
  };
}
