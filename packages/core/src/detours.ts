/**
 * How much there is for which a read may have to leave the cache alone: it was closed, is switched off, or a transaction
 * is open somewhere. While there is nothing, a hit needn't look closer.
 */
export class Detours {
  count = 0
}
