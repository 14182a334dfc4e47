import type { Fence } from '@tierstack/cache-core'
import type { StoreSlots } from './store-slots.ts'

/** While a writer's intent stands in a key, nothing is stored there. Those of several writers stand side by side. */
export function beginIntent(
  slots: StoreSlots,
  { key, intent, until }: { readonly key: string; readonly intent: string; readonly until: number },
): void {
  const slot = slots.at(key)
  if (slot?.kind === 'intents') {
    slot.untils.set(intent, until)
    slot.touched = true
  } else slots.set(key, { kind: 'intents', untils: new Map([[intent, until]]), touched: false })
}

export function endIntent(slots: StoreSlots, key: string, intent: string): void {
  const slot = slots.at(key)
  if (slot?.kind === 'intents') slot.untils.delete(intent)
  // Not an intent any more: ours had run out, and what was stored since may be from before the commit.
  if (slot?.kind !== 'intents' || slot.untils.size === 0) slots.delete(key)
}

/** Ends an intent. Where nothing else happened to the key since it began, the writer gets the lease. */
export function concludeIntent(
  slots: StoreSlots,
  { key, intent, holdMs }: { readonly key: string; readonly intent: string; readonly holdMs: number },
): Fence | undefined {
  const slot = slots.at(key)
  const alone = slot?.kind === 'intents' && !slot.touched && slot.untils.has(intent)
  if (alone) return slots.putLease(key, holdMs, false)
  endIntent(slots, key, intent)
  return undefined
}
