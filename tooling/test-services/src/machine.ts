/** Where servers run: this computer, or one container. Several servers may share a machine. */
export interface Machine {
  readonly kind: 'local' | 'container'
  /** A folder on the machine that belongs to these servers alone. */
  readonly folder: string
  /** The address servers must listen on to be reached from here. */
  readonly listenOn: string
  /** Puts a file into `folder`; resolves to its path on the machine. */
  write(name: string, content: string | Buffer): Promise<string>
  /** Runs a program to its end; rejects with what it printed when it fails. */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<string>
  /** Starts a program that stays. */
  start(program: string, args: readonly string[], options?: RunOptions): Promise<Program>
  /** Kills what runs, deletes the folder. */
  stop(): Promise<void>
}

export interface RunOptions {
  /** PostgreSQL refuses to run as root: run as an account that owns nothing else. */
  unprivileged?: boolean
}

export interface Program {
  signal(name: 'SIGTERM' | 'SIGINT' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void>
  /** Resolves when the program has ended. */
  ended(): Promise<void>
  /** What it printed lately, for error messages. */
  output(): Promise<string>
}
