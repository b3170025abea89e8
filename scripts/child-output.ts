import type { Readable } from 'node:stream';

/** What a child process prints while it runs, and how it ended. */
export interface ChildOutput {
  /** Grows while the process prints. */
  readonly text: { out: string; errors: string };
  /** Its exit code, null after a signal, once all that it printed has been read. Rejects when it could not be started. */
  readonly closed: Promise<number | null>;
}

/** The parts of a child process whose standard output and error are pipes. */
interface Printing {
  readonly stdout: Readable;
  readonly stderr: Readable;
  on(event: 'error', heard: (error: Error) => void): unknown;
  on(event: 'close', heard: (code: number | null) => void): unknown;
}

export function outputOf(child: Printing): ChildOutput {
  const text = { out: '', errors: '' };
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text.out += piece;
  });
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    text.errors += piece;
  });
  const closed = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  // Who waits for it later than it comes still gets it.
  closed.catch(() => {});
  return { text, closed };
}
