import { freePort } from './free-port.ts'
import { answers, localMachine } from './local-machine.ts'
import type { Program } from './machine.ts'
import { NoServerError } from './place.ts'
import { aptInstall } from './programs.ts'
import { until } from './until.ts'
import { listens } from './varnish.ts'

export interface NginxServerOptions {
  /** What belongs into the `http` block, given the address to listen on and an empty folder for copies. */
  http: (place: { listen: string; folder: string }) => string
}

/** An nginx of one's own. */
export interface NginxServer extends AsyncDisposable {
  readonly port: number
  readonly url: string
  /** SIGKILL. Port and copies on disk stay, for `restart`. */
  kill(): Promise<void>
  restart(): Promise<void>
  stop(): Promise<void>
}

const found = () => answers('nginx', ['-v']) !== undefined

/** Starts nginx, installing it as root on Debian and its kin. */
export async function startNginx({ http }: NginxServerOptions): Promise<NginxServer> {
  if (!found() && !(aptInstall('nginx-light') && found())) {
    throw new NoServerError('The tests need nginx: install the package nginx-light.')
  }
  const port = await freePort()
  const machine = localMachine()
  const { folder } = machine
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `  ${name}_temp_path ${folder}/${name};`)
    .join('\n')
  // As root it would give its copies to another account, which can't enter the folder.
  const user = process.getuid?.() === 0 ? 'user root;\n' : ''
  const file = await machine.write(
    'nginx.conf',
    `${user}worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr warn;
daemon off;
events { worker_connections 512; }
http {
  access_log off;
${temporary}
${http({ listen: `127.0.0.1:${port}`, folder: `${folder}/copies` })}
}
`,
  )
  let program: Program
  const start = async () => {
    program = await machine.start('nginx', ['-p', folder, '-c', file, '-e', 'stderr'])
    await until(`nginx on port ${port}`, () => listens(port), { detail: () => program.output() })
  }
  const kill = async () => {
    await program.signal('SIGKILL')
    await program.ended()
    await until(`port ${port} to be free`, async () => !(await listens(port)))
  }
  try {
    await start()
  } catch (error) {
    await machine.stop()
    throw error
  }
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    kill,
    restart: start,
    stop: () => machine.stop(),
    [Symbol.asyncDispose]: () => machine.stop(),
  }
}
