import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BrokerPoint, InitialController } from '../../core/node/index.ts';

export interface BrokerProcessOptions {
  readonly nodeId: number;
  /** Where clients connect; a restarted broker takes it again. */
  readonly port: number;
  readonly rack: string | null;
  readonly clusterId: string;
  /** Data directory; null keeps everything in the process' memory. */
  readonly directory: string | null;
  readonly config: Readonly<Record<string, string>>;
  readonly features?: Readonly<Record<string, number>>;
  /** Who votes first, where the directory is new (KIP-853). */
  readonly initialControllers?: readonly InitialController[];
  readonly logLevel?: string;
  /** Told once a second by the process; see BrokerProcess.onTelemetry. */
  readonly telemetry?: boolean;
  /** OpenMetrics on this port. */
  readonly metricsPort?: number;
  /** A collector that gets the same. */
  readonly otlp?: string;
  /** From which of this machine's addresses it connects to others; absent: from any. */
  readonly localAddress?: string;
  /** Told before each start, and at each end of the process. */
  readonly watch?: { starting(): Promise<void>; ended(): void };
}

const ENTRY = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? '../../core/node/serve-process.ts' : '../../core/node/serve-process.js',
    import.meta.url,
  ),
);
/** A start after SIGKILL looks at every log: ten thousand of them on a busy machine took more than half of it. */
const START_MS = 60_000;
const OUTPUT_KEPT = 4_000;
const TELEMETRY = 'telemetry ';

/** One broker as a process with its own data directory, which lives through kills and restarts. */
export class BrokerProcess {
  readonly options: BrokerProcessOptions;
  #child: ChildProcess | null = null;
  #output = '';
  /** From start to answering, of every start so far, milliseconds. */
  readonly startsMs: number[] = [];
  /** Hears whole lines that the process writes to standard error. */
  onLine: ((line: string) => void) | null = null;
  /** Hears once a second, and when asked, how the process does. */
  onTelemetry: ((point: BrokerPoint) => void) | null = null;
  #partOfLine = '';

  constructor(options: BrokerProcessOptions) {
    this.options = options;
  }

  get running(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Resolves when the broker answers; rejects with what it said when it ended instead. */
  async start(): Promise<void> {
    if (this.running) return;
    const { nodeId, watch } = this.options;
    await watch?.starting();
    const startedAt = performance.now();
    // Its standard input is our end of a pipe: when this process dies, the broker sees the end and stops.
    const child = spawn(process.execPath, [ENTRY, JSON.stringify(this.#serveOptions())], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#output = '';
    this.#partOfLine = '';
    child.stdin?.on('error', () => {});
    child.once('exit', () => watch?.ended());
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new Error(`broker ${nodeId} did not answer within ${START_MS} ms: ${this.#output}`));
      }, START_MS);
      child.stdout?.on('data', (chunk: Buffer) => {
        const lines = (this.#partOfLine + chunk.toString()).split('\n');
        this.#partOfLine = lines.pop()!;
        for (const line of lines) this.#heard(line);
        if (!/^ready \d+$/m.test(this.#output)) return;
        clearTimeout(timer);
        resolve();
      });
      child.stderr?.on('data', (chunk: Buffer) => {
        const text = chunk.toString();
        this.#output = (this.#output + text).slice(-OUTPUT_KEPT);
        for (const line of text.split('\n')) if (line !== '') this.onLine?.(line);
      });
      child.on('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
      child.on('exit', (code, signal) => {
        clearTimeout(timer);
        reject(new Error(`broker ${nodeId} ended with ${signal ?? code} before it answered: ${this.#output}`));
      });
    });
    this.startsMs.push(performance.now() - startedAt);
  }

  /** Has it say now how it did since it said so last: a phase of the run ends here, and its figures with it. */
  askTelemetry(): void {
    if (this.running) this.#child!.stdin?.write('telemetry\n');
  }

  /** SIGKILL; resolves true when the process is gone by it. */
  async kill(): Promise<boolean> {
    const child = this.#child;
    if (!this.running || child === null) return false;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGKILL');
    await gone;
    return child.signalCode === 'SIGKILL';
  }

  /** SIGTERM and the orderly end; SIGKILL after `graceMs`. Resolves true when the end was orderly. */
  async stop(graceMs: number): Promise<boolean> {
    const child = this.#child;
    if (!this.running || child === null) return false;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await gone;
    clearTimeout(timer);
    return child.exitCode === 0;
  }

  pause(): boolean {
    return this.running && this.#child!.kill('SIGSTOP');
  }

  resume(): boolean {
    return this.running && this.#child!.kill('SIGCONT');
  }

  #heard(line: string): void {
    if (line.startsWith(TELEMETRY)) this.onTelemetry?.(JSON.parse(line.slice(TELEMETRY.length)) as BrokerPoint);
    else this.#output = `${this.#output}${line}\n`.slice(-OUTPUT_KEPT);
  }

  #serveOptions(): object {
    const { nodeId, rack, clusterId, directory, config, features } = this.options;
    const { logLevel, localAddress, telemetry, metricsPort, otlp, initialControllers } = this.options;
    return {
      nodeId,
      clusterId,
      ...(rack === null ? {} : { rack }),
      ...(directory === null ? { memory: true, logDirs: ['/data'] } : { logDirs: [directory] }),
      ...(features === undefined ? {} : { features }),
      ...(initialControllers === undefined ? {} : { initialControllers }),
      ...(logLevel === undefined ? {} : { logLevel }),
      ...(telemetry === undefined ? {} : { telemetry }),
      ...(metricsPort === undefined ? {} : { metricsPort }),
      ...(otlp === undefined ? {} : { otlp }),
      ...(localAddress === undefined ? {} : { localAddress }),
      config,
    };
  }
}
