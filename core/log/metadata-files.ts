import type { Disk } from '../runtime.ts';
import { readText } from './durable-file.ts';
import { PARTITION_METADATA_FILE } from './file-names.ts';

/** `meta.properties`, `partition.metadata` and the clean-shutdown marker: text that says whose files these are. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Kafka's Uuid as text: base64 with the URL alphabet, 22 characters. */
export function formatUuid(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < 16; i += 3) {
    const group = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += ALPHABET[(group >>> 18) & 63]! + ALPHABET[(group >>> 12) & 63]!;
    if (i < 15) text += ALPHABET[(group >>> 6) & 63]! + ALPHABET[group & 63]!;
  }
  return text;
}

/** null when the text is no Uuid. */
export function parseUuid(text: string): Uint8Array | null {
  if (!/^[A-Za-z0-9_-]{21}[AQgw]$/.test(text)) return null;
  const bytes = new Uint8Array(16);
  let bits = 0;
  let count = 0;
  let at = 0;
  for (const character of text) {
    bits = ((bits << 6) | ALPHABET.indexOf(character)) & 0xffffff;
    count += 6;
    if (count >= 8 && at < 16) {
      count -= 8;
      bytes[at++] = (bits >>> count) & 0xff;
    }
  }
  return bytes;
}

export interface MetaProperties {
  readonly clusterId: string;
  readonly nodeId: number;
  /** null in directories formatted before Kafka 3.7. */
  readonly directoryId: Uint8Array | null;
}

export function formatMetaProperties(meta: MetaProperties): string {
  const directory = meta.directoryId === null ? '' : `directory.id=${formatUuid(meta.directoryId)}\n`;
  return `#\nnode.id=${meta.nodeId}\n${directory}version=1\ncluster.id=${meta.clusterId}\n`;
}

/** A text that says what is wrong, when it is not of version 1. */
export function parseMetaProperties(text: string): MetaProperties | string {
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*([#!]|$)/.test(line)) continue;
    const at = line.search(/[=:]/);
    if (at > 0) values.set(line.slice(0, at).trim(), line.slice(at + 1).trim());
  }
  const nodeId = values.get('node.id') ?? values.get('broker.id') ?? '';
  const clusterId = values.get('cluster.id');
  if (values.get('version') !== '1') return `version ${values.get('version') ?? '(none)'} is not 1`;
  if (clusterId === undefined || !/^\d{1,10}$/.test(nodeId)) return 'node.id or cluster.id is missing';
  const directory = values.get('directory.id');
  const directoryId = directory === undefined ? null : parseUuid(directory);
  if (directory !== undefined && directoryId === null) return `directory.id ${directory} is no uuid`;
  return { clusterId, nodeId: Number(nodeId), directoryId };
}

export function formatPartitionMetadata(topicId: Uint8Array): string {
  return `version: 0\ntopic_id: ${formatUuid(topicId)}`;
}

/** null when the file is missing or says nothing. */
export function readPartitionMetadata(disk: Disk, directory: string): Uint8Array | null {
  const text = readText(disk, `${directory}/${PARTITION_METADATA_FILE}`);
  const match = text === null ? null : /^version: 0\s+topic_id: (\S+)\s*$/.exec(text);
  return match === null ? null : parseUuid(match[1]!);
}

export function formatShutdownMarker(brokerEpoch: number): string {
  return `{"version":0,"brokerEpoch":${brokerEpoch}}`;
}

/** The broker epoch in the marker, -1 when it does not tell. */
export function parseShutdownMarker(text: string): number {
  const match = /"brokerEpoch"\s*:\s*(-?\d{1,16})\b/.exec(text);
  return match === null ? -1 : Number(match[1]);
}
