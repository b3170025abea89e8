// The only globals that the pure rooms (core, workloads, sim) may see beside the ECMAScript library: both are pure
// functions of their input. Anything else (clock, timers, console, Buffer, process) must come through Runtime.
declare class TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>;
  encodeInto(source: string, destination: Uint8Array): { read: number; written: number };
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(input?: Uint8Array, options?: { stream?: boolean }): string;
}
