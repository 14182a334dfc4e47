import { hash } from 'node:crypto'

/*
 * Names as edges see them. Every page carries, for each entry in it: the entry's key, its tags, and the group of each.
 *
 *   key, tag   what a removal names
 *   group      all names of a kind: the tags `user:7`, `user:8` are of the group `user`. A bulk removal purges this.
 *   overflow   put in place of a group's names on a page that has too many of them. Purged with every name of the
 *              group, so that such a page is purged too often, never too seldom.
 *   all        every page of the namespace.
 *   overflowAll  in place of everything, on a page with too many groups.
 *
 * A tag that every vendor takes as it is stays readable; anything else is a hash, so that no byte of a key or a tag
 * reaches a header. Two names that meet purge too much, never too little.
 */
export interface Wire {
  readonly name: string
  /** Group's wire name; undefined when the name is alone in its group. */
  readonly group: string | undefined
  readonly overflow: string
}

/** Lower case, because two vendors fold it; without `:`, which one refuses. */
const plain = /^[a-z0-9][a-z0-9._-]{0,59}$/
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'
/** Names remembered, so that a hash is made once. */
const remembered = 50_000

/** All texts of two letters: ten bits at a time. */
const pairs = Array.from({ length: 1_024 }, (_, i) => `${alphabet[i >> 5]}${alphabet[i & 31]}`)

/** 65 bits of SHA-256, five to a letter. */
function digest(text: string): string {
  const hex = hash('sha256', text, 'hex')
  let out = '~'
  for (let at = 0; at < 15; at += 5) {
    const bits = Number.parseInt(hex.slice(at, at + 5), 16)
    out += `${pairs[bits >> 10]}${pairs[bits & 1_023]}`
  }
  return out + alphabet[Number.parseInt(hex.slice(15, 17), 16) >> 3]
}

/** `user:7` → `user`; undefined for a tag that stands alone. Our own tags begin with `!` and are groups themselves. */
function groupOfTag(tag: string): string | undefined {
  if (tag.startsWith('!')) return undefined
  const end = tag.indexOf(':')
  return end > 0 ? tag.slice(0, end) : undefined
}

/** The tag that all entries of a key's definition carry, or all raw keys with its first segment. */
function groupOfKey(key: string): string | undefined {
  const raw = key.indexOf('=')
  const defined = key.indexOf('#')
  if (defined >= 0 && (raw < 0 || defined < raw)) {
    const end = key.indexOf(':', defined)
    return end < 0 ? undefined : `!d${key.slice(0, end)}`
  }
  const end = raw < 0 ? -1 : key.indexOf(':', raw)
  return end < 0 ? undefined : `!p${key.slice(0, end + 1)}`
}

/** The names of one namespace. */
export class WireTags {
  readonly all: string
  readonly overflowAll: string
  readonly #namespace: string
  readonly #tags = new Map<string, Wire>()
  readonly #keys = new Map<string, Wire>()
  readonly #groups = new Map<string, { readonly covers: string; readonly overflow: string }>()

  constructor(namespace: string) {
    this.#namespace = namespace
    this.all = this.#hashed('n', '')
    this.overflowAll = this.#hashed('x', '')
  }

  tag(tag: string): Wire {
    return this.#tags.get(tag) ?? this.#remember(this.#tags, tag, this.#wireOfTag(tag))
  }

  key(key: string): Wire {
    return this.#keys.get(key) ?? this.#remember(this.#keys, key, this.#wireOfKey(key))
  }

  #wireOfTag(tag: string): Wire {
    const group = groupOfTag(tag)
    const name = plain.test(tag) ? tag : this.#hashed('t', tag)
    if (group === undefined) return { name, group: undefined, overflow: this.#hashed('o', tag) }
    const { covers, overflow } = this.#group('g', group)
    return { name, group: covers, overflow }
  }

  #wireOfKey(key: string): Wire {
    const group = groupOfKey(key)
    const name = this.#hashed('k', key)
    if (group === undefined) return { name, group: undefined, overflow: this.#hashed('o', key) }
    const { covers, overflow } = this.#group('t', group)
    return { name, group: covers, overflow }
  }

  /** Groups are few, their members many: thousands of rows are removed at once. */
  #group(kind: 'g' | 't', group: string): { readonly covers: string; readonly overflow: string } {
    const known = this.#groups.get(group)
    if (known !== undefined) return known
    if (this.#groups.size >= remembered) this.#groups.clear()
    const made = { covers: this.#hashed(kind, group), overflow: this.#hashed('o', group) }
    this.#groups.set(group, made)
    return made
  }

  #hashed(kind: string, name: string): string {
    return digest(`${this.#namespace}\0${kind}\0${name}`)
  }

  #remember(known: Map<string, Wire>, name: string, wire: Wire): Wire {
    if (known.size >= remembered) known.clear()
    known.set(name, wire)
    return wire
  }
}
