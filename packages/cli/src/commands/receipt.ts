import type { Terminal } from '../terminal.ts'

interface Receipt {
  readonly confirmed: readonly string[]
  readonly queued: readonly string[]
  readonly durable?: readonly string[]
  readonly bus: string
}

/** Shows which tiers have done a removal; false when one has it only in its queue. */
export function showReceipt(terminal: Terminal, told: unknown): boolean {
  const receipt = told as Receipt
  const { confirmed, queued, durable = [], bus } = receipt
  terminal.show(receipt, () => {
    terminal.table(
      ['tier', 'removal'],
      [
        ...confirmed.map((tier) => [tier, terminal.paint('green', 'confirmed')]),
        ...durable.map((tier) => [tier, terminal.paint('yellow', 'queued on disk')]),
        ...queued.map((tier) => [tier, terminal.paint('red', 'queued: not done there yet')]),
        ['bus', bus],
      ],
    )
  })
  return queued.length === 0
}
