/** One SQL text that the demo knows, with the purpose it is counted under. */
export interface Statement {
  readonly name: string
  /** `read`: answers a reader. `write`: an edit. `log`: the access log. `setup`: everything before and around. */
  readonly purpose: 'read' | 'write' | 'log' | 'setup'
  readonly text: string
}
