import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './process.ts';

/** Certificates for one afternoon, in a folder that somebody else removes. */
export interface Certificates {
  /** The authority that signed what follows. */
  readonly authority: string;
  /** One that signed nothing. */
  readonly stranger: string;
  /** Key and certificate in one file, for `localhost` alone. */
  readonly broker: string;
  /** The same for a client. */
  readonly client: string;
  /** A client whom the stranger vouches for. */
  readonly strangersClient: string;
  /** The client's again, as a PKCS#12 store. */
  readonly clientPkcs12: string;
}

/** Made with openssl. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const at = (name: string): string => join(folder, name);
  const authority = async (name: string): Promise<string> => {
    const subject = ['-subj', `/CN=${name}`, '-addext', 'basicConstraints=critical,CA:TRUE'];
    await openssl([
      'req',
      '-x509',
      ...NEW_KEY,
      '-keyout',
      at(`${name}.key`),
      '-out',
      at(`${name}.pem`),
      '-days',
      '2',
      ...subject,
    ]);
    return at(`${name}.pem`);
  };
  const signed = async (name: string, by: string, extensions: string): Promise<string> => {
    const [key, request, certificate] = [at(`${name}.key`), at(`${name}.csr`), at(`${name}.crt`)];
    await openssl(['req', ...NEW_KEY, '-keyout', key, '-out', request, '-subj', `/CN=${name}`]);
    writeFileSync(at(`${name}.ext`), extensions);
    const signer = [
      '-CA',
      at(`${by}.pem`),
      '-CAkey',
      at(`${by}.key`),
      '-CAcreateserial',
      '-extfile',
      at(`${name}.ext`),
    ];
    await openssl(['x509', '-req', '-in', request, '-out', certificate, '-days', '2', ...signer]);
    const both = await openssl(['x509', '-in', certificate]);
    const plain = await openssl(['pkcs8', '-topk8', '-nocrypt', '-in', key]);
    writeFileSync(at(`${name}.pem`), plain + both);
    return at(`${name}.pem`);
  };
  const trusted = await authority('authority');
  const stranger = await authority('stranger');
  const broker = await signed('broker', 'authority', 'subjectAltName=DNS:localhost\n');
  const client = await signed('client', 'authority', 'extendedKeyUsage=clientAuth\n');
  const strangersClient = await signed('strangers-client', 'stranger', 'extendedKeyUsage=clientAuth\n');
  const clientPkcs12 = at('client.p12');
  await openssl(['pkcs12', '-export', '-in', client, '-out', clientPkcs12, '-passout', 'pass:changeit']);
  return { authority: trusted, stranger, broker, client, strangersClient, clientPkcs12 };
}

const NEW_KEY = ['-newkey', 'rsa:2048', '-nodes'];

async function openssl(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand('openssl', args, { timeoutMs: 30_000 });
  if (code !== 0) throw new Error(`openssl ${args[0]} ended with ${code}: ${stderr}`);
  return stdout;
}
