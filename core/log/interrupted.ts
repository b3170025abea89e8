import { batchLastOffset } from '../records/index.ts';
import type { Disk } from '../runtime.ts';
import { scanBatches } from './batch-scan.ts';
import { unlinkIfThere } from './deleted-files.ts';
import { CLEANED_SUFFIX, DELETED_SUFFIX, parseSegmentName, SWAP_SUFFIX } from './file-names.ts';

/**
 * Ends what a crash interrupted: deletions are completed, half-written cleaned segments dropped, cleaned segments that
 * were ready (`.swap`) put in the place of what they were made from (LogLoader). Then removes index files without log.
 */
export function finishInterrupted(disk: Disk, directory: string): void {
  const names = disk.list(directory);
  let firstCleaned = Number.POSITIVE_INFINITY;
  for (const name of names) {
    if (name.endsWith(DELETED_SUFFIX) || name.endsWith(CLEANED_SUFFIX) || name.endsWith('.tmp')) {
      disk.unlink(`${directory}/${name}`);
    }
    const parsed = parseSegmentName(name);
    if (parsed?.suffix.endsWith(CLEANED_SUFFIX)) firstCleaned = Math.min(firstCleaned, parsed.offset);
  }
  for (const name of names) {
    const parsed = parseSegmentName(name);
    if (parsed === null || !name.endsWith(SWAP_SUFFIX)) continue;
    // While some of a split segment's parts are not ready, the ready ones do not count: the original still stands.
    if (parsed.offset >= firstCleaned) unlinkIfThere(disk, `${directory}/${name}`);
    else if (parsed.suffix === `.log${SWAP_SUFFIX}`) swapIn(disk, directory, parsed.offset, name);
  }
  dropOrphans(disk, directory);
}

function swapIn(disk: Disk, directory: string, baseOffset: number, name: string): void {
  const file = disk.open(`${directory}/${name}`, { readOnly: true });
  let nextOffset = baseOffset + 1;
  scanBatches(file, 0, file.size, (bytes, at) => {
    nextOffset = batchLastOffset(bytes, at) + 1;
    return true;
  });
  file.close();
  const files = disk.list(directory).map((other) => ({ other, parsed: parseSegmentName(other) }));
  for (const { other, parsed } of files) {
    if (parsed === null || other.endsWith(SWAP_SUFFIX) || parsed.suffix === '.snapshot') continue;
    if (parsed.offset >= baseOffset && parsed.offset < nextOffset) disk.unlink(`${directory}/${other}`);
  }
  const prefix = name.slice(0, 20);
  for (const { other } of files) {
    // The log last: until it stands, the swap file says that this is still to be done.
    if (other.startsWith(prefix) && other.endsWith(SWAP_SUFFIX) && other !== name) {
      disk.rename(`${directory}/${other}`, `${directory}/${other.slice(0, -SWAP_SUFFIX.length)}`);
    }
  }
  disk.rename(`${directory}/${name}`, `${directory}/${name.slice(0, -SWAP_SUFFIX.length)}`);
}

function dropOrphans(disk: Disk, directory: string): void {
  const names = disk.list(directory);
  const logs = new Set(names.filter((name) => name.endsWith('.log')).map((name) => name.slice(0, 20)));
  for (const name of names) {
    const parsed = parseSegmentName(name);
    if (parsed === null || !['.index', '.timeindex', '.txnindex'].includes(parsed.suffix)) continue;
    if (!logs.has(name.slice(0, 20))) disk.unlink(`${directory}/${name}`);
  }
}
