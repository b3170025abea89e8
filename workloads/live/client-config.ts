import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Admin, ClientError, isCommonConfig } from '../../core/client/index.ts';
import { createNodeRuntime, readSecurityFiles } from '../../core/node/index.ts';
import { parseProperties } from '../properties.ts';

/** A properties file of Kafka's clients: how to reach somebody's cluster, for every client of a run. */
export interface ClientConfig {
  /** Values with secrets in them: for clients alone, never for anything that is written. */
  readonly common: Readonly<Record<string, string>>;
  /** What bootstrap.servers says. */
  readonly bootstrap: string | null;
  /** What was left out and why, for humans. */
  readonly notes: readonly string[];
  /** A text that came from elsewhere, without the secrets of this config. */
  conceal(text: string): string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Decided by the run, or by the workload file for each client. */
const LEFT_TO_THE_RUN: ReadonlySet<string> = new Set(['client.id']);
const PATHS = ['ssl.truststore.location', 'ssl.keystore.location'] as const;
/** Shorter ones stand in too many texts that have nothing to do with them. */
const LEAST_SECRET = 4;

/**
 * Reads the file, replaces `${env:NAME}`, `${file:path}` and `${file:path:name}`, reads the files that it names, and
 * checks all of it without connecting. @throws ClientError 'configuration'; it repeats no secret.
 */
export function loadClientConfig(path: string, environment: Environment): ClientConfig {
  const common: Record<string, string> = {};
  const notes: string[] = [];
  let bootstrap: string | null = null;
  for (const [name, written] of Object.entries(parseProperties(readText('--client-config', path)))) {
    const tokenPath = name === 'sasl.oauthbearer.token' ? /^\$\{file:([^{}]+)\}$/.exec(written)?.[1] : undefined;
    if (tokenPath !== undefined) {
      // A token ends, and the file then holds the next one: it is read each time a token is wanted.
      common['sasl.oauthbearer.token.endpoint.url'] = pathToFileURL(resolve(tokenPath)).href;
      continue;
    }
    const value = filledIn(name, written, environment);
    if (name === 'bootstrap.servers') bootstrap = value;
    else if (isSecurity(name) || (isCommonConfig(name) && !LEFT_TO_THE_RUN.has(name))) common[name] = value;
    else notes.push(`${path}: ${name} is left out; it goes into the workload file, to the clients that it is for`);
  }
  for (const name of PATHS) if (common[name]) common[name] = resolve(common[name]);
  check(common);
  const secrets = secretsOf(common).sort((a, b) => b.length - a.length);
  return {
    common,
    bootstrap,
    notes,
    conceal: (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, '(hidden)'), text),
  };
}

/** A client is the best judge of its configs, and makes no connection before it is asked for something. */
function check(common: Readonly<Record<string, string>>): void {
  const runtime = createNodeRuntime({ logLevel: 'silent' });
  // No promise floats: a client without connections has nothing to close.
  new Admin({ runtime, config: { ...readSecurityFiles(common), 'bootstrap.servers': 'localhost:1' } });
  runtime.close();
}

function isSecurity(name: string): boolean {
  return /^(ssl|sasl|security)\./.test(name);
}

/** As Kafka's EnvVarConfigProvider and FileConfigProvider (KIP-297), and whole files besides. */
function filledIn(name: string, written: string, environment: Environment): string {
  return written.replace(/\$\{(\w+):([^{}]*)\}/g, (_, provider: string, argument: string) => {
    if (provider === 'env') {
      const value = environment[argument];
      if (value === undefined) throw invalid(name, `the environment has no ${argument}`);
      return value;
    }
    if (provider === 'file') return fromFile(name, argument);
    throw invalid(name, `there is no \${${provider}:…}, only \${env:NAME} and \${file:path}`);
  });
}

function fromFile(name: string, argument: string): string {
  const entry = /^(.+):([^:/\\]+)$/.exec(argument);
  if (entry === null) return readText(name, argument).trim();
  const [, path, key] = entry;
  const value = parseProperties(readText(name, path!))[key!];
  if (value === undefined) throw invalid(name, `${path} has no ${key}`);
  return value;
}

function readText(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw invalid(name, `${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
}

function secretsOf(common: Readonly<Record<string, string>>): string[] {
  const secrets: string[] = [];
  for (const [name, value] of Object.entries(common)) {
    if (/password|secret|token$/.test(name)) secrets.push(value);
    if (name === 'ssl.keystore.key') secrets.push(value);
    if (name === 'sasl.jaas.config') {
      for (const [, key, secret] of value.matchAll(/([\w.]+)\s*=\s*["']((?:\\.|[^"'\\])*)["']/g)) {
        if (!/^(username|clientId|scope|unsecuredLogin.*)$/.test(key!)) secrets.push(secret!.replace(/\\(.)/g, '$1'));
      }
    }
  }
  return secrets.filter((secret) => secret.length >= LEAST_SECRET);
}

function invalid(name: string, reason: string): ClientError {
  return new ClientError('configuration', `${name}: ${reason}`, -1, true);
}
