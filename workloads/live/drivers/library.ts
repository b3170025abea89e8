import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Runtime } from '../../../core/runtime.ts';
import type { Driver } from '../../actors/driver.ts';
import { DRIVERS, type ForeignDriver } from '../../client-driver.ts';
import { kafkaJsDriver } from './kafkajs.ts';
import { platformaticDriver } from './platformatic.ts';

/** An installed client library, found in the main thread and opened in each load thread. */
export interface Library {
  readonly driver: ForeignDriver;
  readonly package: string;
  readonly version: string;
  /** URL of the module. */
  readonly entry: string;
}

/** What a driver is made of. */
export interface DriverOptions {
  readonly runtime: Runtime;
  readonly bootstrap: readonly string[];
  /** Partitions of a topic of the workload. */
  readonly partitions: (topic: string) => number;
  /** Something that a reader of the results must know. */
  readonly problem: (text: string) => void;
}

/** Producers and consumers alone: topics, log ends and the audit are always asked for by our own client. */
export type LoadDriver = Pick<Driver, 'producer' | 'consumer'>;

/** The client library is not there, or cannot do what the run asks of it. */
export class DriverUnavailable extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DriverUnavailable';
  }
}

const OWN = dirname(fileURLToPath(import.meta.url));

/**
 * Looks for the package where the run was started, and beside ourselves. `common`: client settings that reach every
 * client, such as security. @throws DriverUnavailable
 */
export function findLibrary(
  driver: ForeignDriver,
  common: Readonly<Record<string, string>> = {},
  places: readonly string[] = [process.cwd(), OWN],
): Library {
  const { package: name } = DRIVERS[driver];
  for (const [config, value] of Object.entries(common)) {
    if (config === 'security.protocol' && value === 'PLAINTEXT') continue;
    throw new DriverUnavailable(
      `client.driver ${driver} does not take ${config} of --client-config; our own client does`,
    );
  }
  for (const place of places) {
    const directory = packageDirectory(place, name);
    if (directory === null) continue;
    const described = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as PackageFile;
    const entry = pathToFileURL(join(directory, entryOf(described))).href;
    return { driver, package: name, version: described.version ?? 'unknown', entry };
  }
  throw new DriverUnavailable(`client.driver ${driver} needs the package ${name}: npm install ${name}`);
}

/** In a load thread: imports the library. @throws DriverUnavailable */
export async function openLibrary(library: Library, options: DriverOptions): Promise<LoadDriver> {
  let module: unknown;
  try {
    module = await import(library.entry);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DriverUnavailable(`${library.package} ${library.version} cannot be loaded: ${reason}`);
  }
  switch (library.driver) {
    case 'kafkajs':
      return kafkaJsDriver(module as typeof import('kafkajs'), options);
    case 'platformatic':
      return platformaticDriver(module as typeof import('@platformatic/kafka'), options);
  }
}

interface PackageFile {
  readonly version?: string;
  readonly main?: string;
  readonly exports?: unknown;
}

/** As Node looks for packages: in every `node_modules` from the place upwards. */
function packageDirectory(place: string, name: string): string | null {
  for (let at = place; ; at = dirname(at)) {
    const candidate = join(at, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
    if (dirname(at) === at) return null;
  }
}

function entryOf({ exports, main }: PackageFile): string {
  const root = typeof exports === 'object' && exports !== null && '.' in exports ? exports['.'] : exports;
  if (typeof root === 'string') return root;
  if (typeof root === 'object' && root !== null) {
    for (const condition of ['import', 'node', 'default', 'require']) {
      const found = (root as Record<string, unknown>)[condition];
      if (typeof found === 'string') return found;
    }
  }
  return main ?? 'index.js';
}
