import { type Disk, DiskError } from '../runtime.ts';

/** Small files that are replaced whole: checkpoints, metadata, markers. */

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: false });

/** The directory part of a path. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

/**
 * Makes the directory so that it outlives a power loss: the entries of all that had to be made are synced, and that of
 * the directory itself always, since an earlier life may have ended between making and syncing it. A parent that may
 * not be opened was there before us and is left alone.
 */
export async function makeDurableDirectory(disk: Disk, path: string): Promise<void> {
  const missing: string[] = [];
  for (let at = path; at !== '/' && disk.stat(at) === null; at = parentOf(at)) missing.push(at);
  disk.makeDirectory(path);
  for (const made of missing.reverse()) await disk.syncDirectory(parentOf(made));
  if (missing.length > 0) return;
  try {
    await disk.syncDirectory(parentOf(path));
  } catch (error) {
    if (!(error instanceof DiskError && error.code === 'EACCES')) throw error;
  }
}

/**
 * Replaces the file's content so that after any crash it is the old or the new one: temporary file, sync, atomic
 * rename, directory sync. Two calls for one path must not overlap.
 */
export async function replaceFile(disk: Disk, path: string, content: string | Uint8Array): Promise<void> {
  await placeFile(disk, path, content);
  await disk.syncDirectory(parentOf(path));
}

/** As `replaceFile`, for a caller that syncs the directory itself once everything is in it. */
export async function placeFile(disk: Disk, path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`;
  const file = disk.open(temporary, { create: true });
  try {
    file.truncate(0);
    file.write(0, [typeof content === 'string' ? encoder.encode(content) : content]);
    await file.sync();
  } finally {
    file.close();
  }
  disk.rename(temporary, path);
}

/** The whole file, or null when there is none. */
export function readFile(disk: Disk, path: string): Uint8Array | null {
  // A start asks every log for files that most have not: an error with its stack costs twenty times the look.
  if (disk.stat(path) === null) return null;
  let file: ReturnType<Disk['open']>;
  try {
    file = disk.open(path, { readOnly: true });
  } catch (error) {
    if (error instanceof DiskError && error.code === 'ENOENT') return null;
    throw error;
  }
  try {
    const bytes = new Uint8Array(file.size);
    let filled = 0;
    while (filled < bytes.length) {
      const count = file.read(filled, filled === 0 ? bytes : bytes.subarray(filled));
      if (count === 0) break;
      filled += count;
    }
    return filled === bytes.length ? bytes : bytes.slice(0, filled);
  } finally {
    file.close();
  }
}

export function readText(disk: Disk, path: string): string | null {
  const bytes = readFile(disk, path);
  return bytes === null ? null : decoder.decode(bytes);
}
