import type { Random } from '../../core/runtime.ts';
import { EVENT } from '../history.ts';
import type { TransactionSpec } from '../workload.ts';
import type { TransactionDriver } from './driver.ts';
import type { Environment } from './environment.ts';
import type { ProducerSeat } from './roster.ts';

/**
 * The transactions of one producer, one after another: when each begins and ends, which are aborted on purpose, and what
 * became of them, in the history. Between the end that is asked for and its answer no record is taken.
 */
export class Transactions {
  readonly #environment: Environment;
  readonly #seat: ProducerSeat;
  readonly #spec: TransactionSpec;
  readonly #client: TransactionDriver;
  readonly #random: Random;
  /** Called when a transaction has ended and records are taken again. */
  readonly #ended: () => void;
  #number = 0;
  #records = 0;
  #aborts = false;
  /** A record of the open transaction has failed. */
  #isBroken = false;
  #state: 'none' | 'open' = 'none';
  #ending: Promise<void> | null = null;

  constructor(
    environment: Environment,
    seat: ProducerSeat,
    spec: TransactionSpec,
    client: TransactionDriver,
    random: Random,
    ended: () => void,
  ) {
    this.#environment = environment;
    this.#seat = seat;
    this.#spec = spec;
    this.#client = client;
    this.#random = random;
    this.#ended = ended;
  }

  /** Whether a record may be sent now; begins a transaction if none is open. False: `ended` tells when. */
  admit(): boolean {
    if (this.#ending !== null) return false;
    if (this.#state === 'open') {
      if (!this.#isBroken) return true;
      this.#end();
      return false;
    }
    this.#state = 'open';
    this.#records = 0;
    this.#isBroken = false;
    this.#aborts = this.#random.float() < this.#spec.abortShare;
    this.#client.begin();
    const { history } = this.#environment;
    history.write(EVENT.txnBegin, this.#environment.now(), this.#seat.actor, -1, -1, this.#number, -1, -1);
    return true;
  }

  /** A record was taken. True when it was the transaction's last: the end is asked for. */
  added(): boolean {
    this.#records++;
    if (this.#records < this.#spec.records) return false;
    this.#end();
    return true;
  }

  recordFailed(): void {
    if (this.#state === 'open') this.#isBroken = true;
  }

  /** Ends what is open; resolves when nothing is. */
  async finish(): Promise<void> {
    if (this.#state === 'open' && this.#ending === null) this.#end();
    await this.#ending;
  }

  #end(): void {
    this.#ending = this.#askForEnd().then(
      () => this.#over(),
      (error: unknown) => {
        this.#environment.problem(`${this.#seat.name}: ${error instanceof Error ? error.message : String(error)}`);
        this.#over();
      },
    );
  }

  #over(): void {
    this.#ending = null;
    this.#state = 'none';
    this.#number++;
    this.#ended();
  }

  async #askForEnd(): Promise<void> {
    const { history, measurement, runtime } = this.#environment;
    const { actor, name } = this.#seat;
    const number = this.#number;
    // Not before the record that filled it has been written into the history.
    await new Promise<void>((resolve) => runtime.timers.endOfTurn(resolve));
    const commits = !this.#aborts && !this.#isBroken;
    const askedNs = this.#environment.now();
    history.write(EVENT.txnEnd, askedNs, actor, -1, -1, number, commits ? 1 : 0, -1);
    const { outcome, errorCode, message } = await this.#client.end(commits);
    const nowNs = this.#environment.now();
    history.write(EVENT.txnResult, nowNs, actor, -1, -1, number, OUTCOME[outcome], errorCode);
    if (outcome === 'committed') measurement.transacted(askedNs, nowNs);
    if (message !== null) this.#environment.problem(`${name}: a transaction was not committed: ${message}`);
  }
}

const OUTCOME = { committed: 1, aborted: 0, unknown: -1 } as const;
