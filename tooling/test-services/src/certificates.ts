import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** PEM texts of a certificate for localhost and 127.0.0.1 and of the authority that signed it. */
export interface Certificates {
  ca: string
  cert: string
  key: string
}

/** Makes an authority of its own and a certificate signed by it, valid for two days. Needs `openssl`. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'tierstack-tls-'))
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  try {
    openssl(
      'req',
      '-x509',
      ...newKey,
      '-days',
      '2',
      '-subj',
      '/CN=Tierstack test CA',
      '-keyout',
      'ca.key',
      '-out',
      'ca.crt',
    )
    openssl(
      'req',
      ...newKey,
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=DNS:localhost,IP:127.0.0.1',
      '-keyout',
      'server.key',
      '-out',
      'server.csr',
    )
    openssl(
      'x509',
      '-req',
      '-in',
      'server.csr',
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-copy_extensions',
      'copy',
      '-out',
      'server.crt',
    )
    const read = (name: string) => readFileSync(join(folder, name), 'utf8')
    return { ca: read('ca.crt'), cert: read('server.crt'), key: read('server.key') }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
