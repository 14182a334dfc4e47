import { startServer } from '../redis-server.ts'
import type { RunningServer, ServerProgram } from '../redis-server.ts'

/** The Redis that the demo started, and may therefore pause, kill and start again at the same address. */
export class OwnRedis {
  readonly url: string
  readonly #program: ServerProgram
  readonly #ended: RunningServer[] = []
  #server: RunningServer
  #state: 'running' | 'paused' | 'dead' = 'running'

  private constructor(program: ServerProgram, server: RunningServer) {
    this.#program = program
    this.#server = server
    this.url = server.url
  }

  static async start(program: ServerProgram): Promise<OwnRedis> {
    return new OwnRedis(program, await startServer(program))
  }

  get state(): 'running' | 'paused' | 'dead' {
    return this.#state
  }

  /** It keeps its connections, and answers nothing. */
  pause(): void {
    this.#server.signal('SIGSTOP')
    this.#state = 'paused'
  }

  /** As by the kernel: no farewell, and all that it held is lost. */
  kill(): void {
    this.#server.signal('SIGKILL')
    this.#state = 'dead'
  }

  /** Goes on where it was paused; empty where it was killed. */
  async bringBack(): Promise<void> {
    if (this.#state === 'paused') this.#server.signal('SIGCONT')
    if (this.#state === 'dead') {
      const next = await startServer(this.#program, this.#server.port)
      this.#ended.push(this.#server)
      this.#server = next
    }
    this.#state = 'running'
  }

  async stop(): Promise<void> {
    for (const server of [...this.#ended, this.#server]) await server.stop()
  }
}
