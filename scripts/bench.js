#!/usr/bin/env node
// Starts the command line on a Node that runs TypeScript: this one when it is new enough, else the one that the pinned
// `node` package brought. An installed package holds compiled files, a checkout its sources.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, 'bench.ts');
const entry = existsSync(source) ? source : join(here, '..', 'dist', 'scripts', 'bench.js');

if (Number(process.versions.node.split('.')[0]) >= 24) {
  // The same as core/node/heap.ts, which says why; once the rest is loaded it is too late.
  if (process.argv[2] === 'serve') {
    setFlagsFromString('--semi-space-growth-factor=1');
    setFlagsFromString('--heap-growing-percent=400');
    setFlagsFromString('--no-parallel-scavenge');
  }
  // What is compiled (and stripped of its types) once is half of a start saved the next time.
  module.enableCompileCache();
  await import(pathToFileURL(entry).href);
} else {
  const node = pinnedNode();
  if (node === null) {
    process.stderr.write(
      `bench needs Node 24 or newer (this is ${process.versions.node}); run \`npm ci\` first, which brings one\n`,
    );
    process.exit(21);
  }
  // A terminal sends Ctrl-C to both; a supervisor sends SIGTERM to this process alone: hand that on, outlive both.
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (status, signal) => {
    process.exitCode = signal === null ? (status ?? 21) : 21;
  });
}

function pinnedNode() {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve('node/package.json'));
    const binary = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(binary) ? binary : null;
  } catch {
    return null;
  }
}
