import { once } from 'node:events';
import { type ServedCluster, serveProcess } from '../peers/broker-process.ts';
import type { MemoryAnswer } from './memory-probe.ts';

const PROBE = new URL('memory-probe.ts', import.meta.url).href;
const ANSWER_MS = 20_000;

/** `bench serve` on a directory, which can be asked for its memory. */
export function serveProbed(directory: string): Promise<ServedCluster> {
  return serveProcess(['--data', directory], ['--expose-gc', '--import', PROBE]);
}

/** What it holds after a collection. */
export async function askForMemory({ child }: ServedCluster): Promise<MemoryAnswer> {
  const answered = once(child, 'message', { signal: AbortSignal.timeout(ANSWER_MS) });
  child.send('memory');
  const [answer] = await answered;
  return answer as MemoryAnswer;
}
