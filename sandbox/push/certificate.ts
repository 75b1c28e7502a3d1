import { generate } from 'selfsigned';

/** A key, and the certificate of this machine's name that it has signed itself: whoever is to trust it is given it. */
export function makeCertificate(): { readonly key: string; readonly certificate: string } {
  const altNames = [
    { type: 2, value: 'localhost' },
    { type: 7, ip: '127.0.0.1' },
  ];
  const made = generate([{ name: 'commonName', value: 'localhost' }], {
    algorithm: 'sha256',
    keySize: 2_048,
    extensions: [{ name: 'subjectAltName', altNames }],
  });
  return { key: made.private, certificate: made.cert };
}
