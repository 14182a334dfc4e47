/** Rows as a database gives them: about 300 B of JSON each. */
function row(id: number) {
  return {
    id,
    name: `Customer ${id} of the northern branch`,
    email: `customer.${id}@example.org`,
    street: `${(id * 7) % 300} Long Street`,
    city: ['Aachen', 'Basel', 'Coimbra', 'Dijon', 'Exeter'][id % 5],
    phone: `+49 30 ${(id * 7919) % 10_000_000}`,
    balance: ((id * 104_729) % 1_000_000) / 100,
    active: id % 3 !== 0,
    since: `20${10 + (id % 15)}-0${1 + (id % 9)}-1${id % 10}T08:00:00.000Z`,
    note: id % 4 === 0 ? null : 'pays on time',
    orders: id % 50,
  }
}

/** Sizes of a value, as JSON. */
export type Size = '100 B' | '1 kB' | '10 kB' | '1 MB'

const rowsIn = { '1 kB': 3, '10 kB': 31, '1 MB': 3_200 } as const

/** The value of a key that ends in `:<number>`. Every value has the number as its `id`, which tells whose it is. */
export function valueOf(id: number, size: Size): { readonly id: number } {
  if (size === '100 B') return small(id)
  return many(id, rowsIn[size])
}

function small(id: number) {
  return { id, name: `row ${id}`, email: `row.${id}@example.org`, score: id / 7, active: true }
}

function many(id: number, count: number) {
  return { id, rows: Array.from({ length: count }, (_, i) => row(id * count + i)) }
}

export function idOf(key: string): number {
  return Number(key.slice(key.lastIndexOf(':') + 1))
}
