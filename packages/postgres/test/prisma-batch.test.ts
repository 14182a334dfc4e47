import { expect, test } from 'vitest'
import { batchOf, BatchRows, Unlike } from '../src/prisma-batch.ts'

const text = (list: string, offset: string) =>
  `SELECT "public"."things"."id", "public"."things"."v" FROM "public"."things" WHERE "public"."things"."id" IN (${list}) OFFSET ${offset}`
const query = (sql: string, ...args: unknown[]) => ({ sql, args, argTypes: args.map((_, i) => `type ${i}`) })

test('a batch is taken apart into statements of the same kind', () => {
  const batch = batchOf(query(text('$1,$2,$3', '$4'), 1, 2, 1, '0'))
  expect(batch?.texts).toEqual(['1', '2'])
  expect(batch?.queryFor(['2'])).toEqual({
    sql: text('$1', '$2'),
    args: [2, '0'],
    argTypes: ['type 1', 'type 3'],
  })
})

test.each([
  ['of one value', query(text('$1', '$2'), 1, '0')],
  ['that skips rows', query(text('$1,$2', '$3'), 1, 2, '1')],
  ['with an order', query(`${text('$1,$2', '$3')} ORDER BY 1`, 1, 2, '0')],
  ['with a limit', query(text('$1,$2', '$4').replace(' OFFSET', ' LIMIT $3 OFFSET'), 1, 2, '1', '0')],
  ['without the column', query(text('$1,$2', '$3').replace('"public"."things"."id", ', ''), 1, 2, '0')],
  [
    'of another table',
    query(text('$1,$2', '$3').replace('WHERE "public"."things"', 'WHERE "public"."us"'), 1, 2, '0'),
  ],
  ['of texts that differ in their case', query(text('$1,$2', '$3'), 'a-B', 'ab', '0')],
  ['of texts with other characters', query(text('$1,$2', '$3'), 'é', 'b', '0')],
  ['of fractions', query(text('$1,$2', '$3'), 0.5, 1, '0')],
  [
    'of more than a hundred',
    query(
      text(Array.from({ length: 101 }, (_, i) => `$${i + 1}`).join(), '$102'),
      ...Array.from({ length: 101 }, (_, i) => i),
      '0',
    ),
  ],
])('a statement %s stays whole', (_, given) => {
  expect(batchOf(given)).toBeUndefined()
})

test('rows that are asked for in one turn are read together, and given to those they belong to', async () => {
  const batch = batchOf(query(text('$1,$2,$3', '$4'), 1, 2, 3, '0'))
  if (batch === undefined) throw new Error('a batch')
  const read: (readonly unknown[])[] = []
  const rows = new BatchRows(batch, async ({ args }) => {
    read.push(args)
    return { columnNames: ['id', 'v'], rows: [[2, 'two']] }
  })
  const [one, two] = await Promise.all([rows.rowsOf('1'), rows.rowsOf('2')])
  expect([one.rows, two.rows]).toEqual([[], [[2, 'two']]])
  expect(read).toEqual([[1, 2, '0']])
  await expect(rows.rowsOf('3')).rejects.toBeInstanceOf(Unlike)
})
