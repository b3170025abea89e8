import { type Disk, DiskError } from '../runtime.ts';

/** The cluster that a log directory belongs to by its meta.properties; null when all of them are new. */
export function readClusterId(disk: Disk, logDirs: readonly string[]): string | null {
  for (const path of logDirs) {
    const match = /^cluster\.id=(.+)$/m.exec(readText(disk, `${path}/meta.properties`) ?? '');
    if (match !== null) return match[1]!.trim();
  }
  return null;
}

function readText(disk: Disk, path: string): string | null {
  try {
    const file = disk.open(path, { readOnly: true });
    const bytes = new Uint8Array(file.size);
    file.read(0, bytes);
    file.close();
    return new TextDecoder().decode(bytes);
  } catch (error) {
    if (error instanceof DiskError && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null;
    throw error;
  }
}
