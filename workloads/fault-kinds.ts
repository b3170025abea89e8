import type { FaultAction, FaultKind, PartitionShape } from './fault.ts';
import { nearest } from './nearest.ts';
import { type Field, type Fields, optional, type Read, required } from './object-schema.ts';
import { bandwidth, duration, positiveDuration } from './scalars.ts';
import { boolean, decimal, oneOfWords, type Schema, scalar, word } from './schema.ts';
import { parseSelector, selector } from './selectors.ts';
import { parseSignedDurationMs } from './units.ts';

/** A fault's value is its subject alone (`kill: any`) or a map with the subject and parameters (`kill: { broker: any, restart-after: 5s }`). */
export interface Kind<F extends Fields = Fields> {
  readonly subject: 'broker' | 'shape';
  readonly fields: F;
  readonly doc: string;
  readonly make: (read: Read<F>) => FaultAction;
}

function kind<F extends Fields>(
  subject: Kind['subject'],
  fields: F,
  doc: string,
  make: (read: Read<F>) => FaultAction,
): Kind {
  return { subject, fields, doc, make: make as unknown as Kind['make'] };
}

const broker = required(selector, 'Who is hit.');
const on = { broker };
const restartAfter: Field<number | null> = optional(
  duration,
  null,
  'Start again after this long; default: when the measured part ends.',
);
const lasting: Field<number | null> = optional(
  positiveDuration,
  null,
  'How long; default: until the measured part ends.',
);

const signedDuration: Schema<number> = scalar('a signed duration such as -3s or 500ms', { type: 'string' }, (text) => {
  const parsed = parseSignedDurationMs(text);
  if (!parsed.ok) return { code: parsed.kind, suggestion: parsed.suggestion };
  return parsed.value === 0 || Math.abs(parsed.value) > 366 * 86400e3 ? { code: 'value' } : { value: parsed.value };
});

const SHAPES = ['halves', 'bridge', 'majority-ring'] as const;

/** `isolate(target)`, or one of the shapes that need no target. */
const shape: Schema<PartitionShape> = scalar<PartitionShape>(
  `isolate(target), ${oneOfWords(SHAPES)}`,
  { type: 'string', pattern: `^(isolate\\(.+\\)|${SHAPES.join('|')})$` },
  (text) => {
    const plain = SHAPES.find((candidate) => candidate === text.trim());
    if (plain !== undefined) return { value: { kind: plain } };
    const call = /^([\w-]+) ?\((.*)\)$/.exec(text.trim());
    if (call === null) return { code: 'value', suggestion: nearestShape(text) };
    if (call[1] !== 'isolate') return { code: 'value', suggestion: `isolate(${call[2]})` };
    const target = parseSelector(call[2]!);
    if ('kind' in target) return { value: { kind: 'isolate', target, clients: true, direction: 'both' } };
    return { code: 'value', suggestion: target.suggestion === null ? null : `isolate(${target.suggestion})` };
  },
);

function nearestShape(text: string): string | null {
  const found = nearest(text, ['isolate', ...SHAPES]);
  return found === 'isolate' ? 'isolate(any)' : found;
}

const factor = optional(decimal(1, 1e6), 10, 'How many times slower.');

/** One line a kind: its parameters as the file writes them, and the action they make. */
export const KINDS: { readonly [K in FaultKind]: Kind } = {
  kill: kind('broker', { ...on, 'restart-after': restartAfter }, 'SIGKILL: the page cache survives.', (read) => ({
    kind: 'kill',
    target: read.broker,
    restartAfterMs: read['restart-after'],
  })),
  'power-loss': kind(
    'broker',
    { ...on, 'restart-after': restartAfter },
    'Unsynced bytes are lost, page by page.',
    (read) => ({
      kind: 'power-loss',
      target: read.broker,
      restartAfterMs: read['restart-after'],
    }),
  ),
  'clean-stop': kind('broker', { ...on, 'restart-after': restartAfter }, 'Controlled shutdown.', (read) => ({
    kind: 'clean-stop',
    target: read.broker,
    restartAfterMs: read['restart-after'],
  })),
  restart: kind('broker', on, 'Controlled shutdown and start at once.', (read) => ({
    kind: 'restart',
    target: read.broker,
  })),
  pause: kind('broker', { ...on, for: lasting }, 'SIGSTOP, then SIGCONT.', (read) => ({
    kind: 'pause',
    target: read.broker,
    forMs: read.for,
  })),
  'slow-cpu': kind('broker', { ...on, factor, for: lasting }, 'Everything takes longer.', (read) => ({
    kind: 'slow-cpu',
    target: read.broker,
    factor: read.factor,
    forMs: read.for,
  })),
  partition: kind(
    'shape',
    {
      shape: required(shape, 'Which links are cut.'),
      clients: optional(boolean, true, 'isolate: cut off from clients too.'),
      direction: optional(
        word('both', 'in', 'out'),
        'both',
        'isolate: in = the target hears nobody; out = nobody hears it.',
      ),
      flap: optional(positiveDuration, null, 'Links come and go at this interval.'),
      for: lasting,
    },
    'Links are cut.',
    (read) => ({
      kind: 'partition',
      shape:
        read.shape.kind === 'isolate'
          ? { ...read.shape, clients: read.clients, direction: read.direction }
          : read.shape,
      flapMs: read.flap,
      forMs: read.for,
    }),
  ),
  'slow-link': kind(
    'broker',
    {
      ...on,
      delay: optional(duration, 100, 'Added to every message; default 100ms.'),
      jitter: optional(duration, 0, 'Up to this much more, at random.'),
      bandwidth: optional(bandwidth, null, 'Bytes a second; default unchanged.'),
      for: lasting,
    },
    'Delay, jitter, bandwidth.',
    (read) => ({
      kind: 'slow-link',
      target: read.broker,
      delayMs: read.delay,
      jitterMs: read.jitter,
      bytesPerSecond: read.bandwidth,
      forMs: read.for,
    }),
  ),
  'connection-reset': kind('broker', on, 'All its connections are reset once.', (read) => ({
    kind: 'connection-reset',
    target: read.broker,
  })),
  'refuse-connections': kind('broker', { ...on, for: lasting }, 'New connections are refused.', (read) => ({
    kind: 'refuse-connections',
    target: read.broker,
    forMs: read.for,
  })),
  'stall-then-reset': kind(
    'broker',
    { ...on, for: lasting },
    'Bytes stop; then the connections are reset.',
    (read) => ({
      kind: 'stall-then-reset',
      target: read.broker,
      forMs: read.for,
    }),
  ),
  'partial-reads': kind('broker', { ...on, for: lasting }, 'Data arrives in small pieces.', (read) => ({
    kind: 'partial-reads',
    target: read.broker,
    forMs: read.for,
  })),
  'disk-full': kind('broker', { ...on, for: lasting }, 'ENOSPC; a prefix of the write is kept.', (read) => ({
    kind: 'disk-full',
    target: read.broker,
    forMs: read.for,
  })),
  'disk-stall': kind(
    'broker',
    { ...on, operations: optional(word('all', 'sync'), 'all', 'Which operations hang.'), for: lasting },
    'Operations hang.',
    (read) => ({ kind: 'disk-stall', target: read.broker, operations: read.operations, forMs: read.for }),
  ),
  'slow-disk': kind('broker', { ...on, factor, for: lasting }, 'Operations take longer.', (read) => ({
    kind: 'slow-disk',
    target: read.broker,
    factor: read.factor,
    forMs: read.for,
  })),
  'fsync-failure': kind('broker', on, 'The next sync of each open file fails once.', (read) => ({
    kind: 'fsync-failure',
    target: read.broker,
  })),
  'fsync-lie': kind('broker', { ...on, for: lasting }, 'Syncs succeed and make nothing durable.', (read) => ({
    kind: 'fsync-lie',
    target: read.broker,
    forMs: read.for,
  })),
  'disk-error': kind(
    'broker',
    {
      ...on,
      operation: optional(
        word('open', 'read', 'write', 'sync', 'truncate', 'rename', 'unlink', 'directory-sync'),
        'write',
        'Which operation fails next.',
      ),
    },
    'EIO once (read: sticky; open: EMFILE).',
    (read) => ({ kind: 'disk-error', target: read.broker, operation: read.operation }),
  ),
  'short-write': kind('broker', on, 'The next write keeps a prefix and fails.', (read) => ({
    kind: 'short-write',
    target: read.broker,
  })),
  'bit-flip': kind('broker', on, 'One bit of data already written.', (read) => ({
    kind: 'bit-flip',
    target: read.broker,
  })),
  'disk-replace': kind(
    'broker',
    { ...on, 'restart-after': restartAfter },
    'Comes back with an empty disk.',
    (read) => ({
      kind: 'disk-replace',
      target: read.broker,
      restartAfterMs: read['restart-after'],
    }),
  ),
  'disk-swap': kind(
    'broker',
    { ...on, with: required(selector, 'The other broker.'), 'restart-after': restartAfter },
    "Two come back with each other's disk.",
    (read) => ({ kind: 'disk-swap', target: read.broker, with: read.with, restartAfterMs: read['restart-after'] }),
  ),
  'clock-jump': kind(
    'broker',
    { ...on, by: required(signedDuration, 'How far, forward or back.') },
    'The wall clock jumps.',
    (read) => ({
      kind: 'clock-jump',
      target: read.broker,
      byMs: read.by,
    }),
  ),
  'clock-offset': kind(
    'broker',
    { ...on, by: required(signedDuration, 'How far, forward or back.'), for: lasting },
    'The wall clock is off for a while.',
    (read) => ({ kind: 'clock-offset', target: read.broker, byMs: read.by, forMs: read.for }),
  ),
  'clock-drift': kind(
    'broker',
    { ...on, ppm: optional(decimal(-1e6, 1e6), 500, 'Parts per million; negative is slow.'), for: lasting },
    'The wall clock runs fast or slow.',
    (read) => ({ kind: 'clock-drift', target: read.broker, partsPerMillion: read.ppm, forMs: read.for }),
  ),
};

export const FAULT_KINDS: readonly FaultKind[] = Object.keys(KINDS) as FaultKind[];

/** What the README's table of faults says of each kind. */
export function describeFaultKinds(): { kind: FaultKind; parameters: string[]; doc: string }[] {
  return FAULT_KINDS.map((name) => ({ kind: name, parameters: Object.keys(KINDS[name].fields), doc: KINDS[name].doc }));
}
