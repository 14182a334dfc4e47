import { describe, expect, test } from 'vitest'
import type { Catalog } from '../src/catalog.ts'
import { keyTexts } from '../src/key-condition.ts'
import { planOf } from '../src/plan.ts'
import { queryText } from '../src/postgres-js-text.ts'
import { statements } from '../src/statement.ts'
import { tokenize } from '../src/sql-tokens.ts'

const table = (name: string, ...key: string[]) => ({
  name,
  key: key.map((column) => ({ column, kind: column === 'code' ? ('text' as const) : ('integer' as const) })),
})
const catalog: Catalog = {
  relations: new Map([
    ['users', [table('users', 'id')]],
    ['orders', [table('orders', 'id')]],
    ['members', [table('members', 'team', 'code')]],
    ['active_users', [table('users')]],
    ['Odd Name', [table('Odd Name', 'id')]],
  ]),
  opaque: new Set(['rates', 'pg_class']),
  unstable: new Set(['random', 'nextval', 'charge']),
  writing: new Set(['charge']),
  cascades: new Map([['users', [{ to: 'orders', deletes: true, moves: true, columns: ['id'] }]]]),
  tables: ['users', 'orders', 'members'],
  place: '',
}

function plans(sql: string) {
  const tokens = tokenize(sql)
  return tokens && statements(tokens).map((one) => planOf(one, catalog))
}

function plan(sql: string) {
  const all = plans(sql)
  if (all?.length !== 1 || all[0] === undefined) throw new Error(`${all?.length} statements`)
  return all[0]
}

describe('words', () => {
  test('comments, texts and quoted names are taken for what they are', () => {
    const words = (sql: string) => tokenize(sql)?.map(({ kind, text }) => `${kind} ${text}`)
    expect(words(`Select "A""b", 'it''s -- no', E'\\'', $x$ ' $x$ /* a /* b */ c */ from T -- end`)).toEqual([
      'name select',
      'quoted A"b',
      'symbol ,',
      "literal 'it''s -- no'",
      'symbol ,',
      "literal E'\\''",
      'symbol ,',
      "literal $x$ ' $x$",
      'name from',
      'name t',
    ])
  })

  test.each(["select 'open", 'select "open', 'select /* open', 'select U&"\\0041"', 'select $a$ open'])(
    'what can not be taken apart with certainty is refused: %s',
    (sql) => expect(tokenize(sql)).toBeUndefined(),
  )
})

describe('reads', () => {
  test.each([
    ['select * from users', ['users']],
    ['select * from public.users u join "orders" o on o.user_id = u.id', ['users', 'orders']],
    ['select * from users where exists (select 1 from orders)', ['users', 'orders']],
    ['with x as (select * from users) select * from x', ['users']],
    ['with x(a) as materialized (select id from users) table x', ['users']],
    ['select * from active_users', ['users']],
    ['select * from "Odd Name"', ['Odd Name']],
    ['select extract(year from made) from users', ['users']],
    ['select * from users where name is distinct from other', ['users']],
    ['select * from (users cross join orders)', ['users', 'orders']],
    ['select * from users, lateral (select * from orders) o', ['users', 'orders']],
    ['(select id from users) union (select id from orders)', ['users', 'orders']],
  ])('%s is cached under its tables', (sql, tables) => {
    const { verb, uncached, tables: found } = plan(sql)
    expect([verb, uncached, found]).toEqual(['read', undefined, tables])
  })

  test.each([
    'select 1',
    'select * from users, unknown_table',
    'select * from unknown_table join users on true',
    'select * from users where made > now()',
    'select current_date, id from users',
    "select 'now'::date, id from users",
    'select random(), id from users',
    'select * from users join rates on true',
    'select * from users tablesample system (1)',
    'select pg_sleep(1), id from users',
    'select current_user, id from users',
  ])('%s is not', (sql) => expect(plan(sql)).toMatchObject({ verb: 'read', uncached: expect.any(String) }))

  test('locks, writes within and unknown relations are told apart', () => {
    expect(plan('select * from users for update').verb).toBe('pass')
    expect(plan('with gone as (delete from users returning *) select * from gone')).toMatchObject({
      verb: 'write',
      tables: ['users', 'orders'],
    })
    expect(plan('select * into copy from users').verb).toBe('schema')
    expect(plan('select charge(id) from users')).toMatchObject({ verb: 'anything', tables: catalog.tables })
    expect(plan('select * from a join users on true').unknown).toBe(true)
    expect(plan('select * from users u').unknown).toBe(false)
  })
})

describe('the one row that a statement speaks of', () => {
  const row = (sql: string, ...values: unknown[]) => {
    const found = plan(sql).row
    return found && keyTexts(found, values)
  }

  test.each([
    ['select * from users where id = $1', [42], ['42']],
    ['select * from users where $1 = id', ['42'], ['42']],
    ['select * from users where id = $1', ['042'], ['42']],
    ['select * from users where id = $1', [-0], ['0']],
    [
      'select * from "public"."users" where ("public"."users"."id" = $1 and 1=1) limit $2 offset $3',
      [7n],
      ['7'],
    ],
    ['select * from users where (a or b) and id = 5', [], ['5']],
    ['select * from members where code = $2 and team = $1', [7, 'x:y'], ['7', 'x:y']],
    ["select * from members where code = 'abc' and team = 1", [], ['1', 'abc']],
    ['update users set name = $1 where id = $2', ['x', 3], ['3']],
    ['delete from users where id = $1::int returning *', [3], ['3']],
  ])('%s', (sql, values, key) => expect(row(sql, ...values)).toEqual([key]))

  test('several, by a list of keys; each once', () => {
    expect(row('select * from "users" where ("users"."id" in ($1,$2,$3)) offset $4', 7, '8', 7n, 0)).toEqual([
      ['7'],
      ['8'],
    ])
    expect(row('delete from users where id in (1, 2) and a', [])).toEqual([['1'], ['2']])
  })

  test.each([
    ['select * from users where id = $1 or a', [1]],
    ['select * from users where not id = $1', [1]],
    ['select * from users where id = $1 + 1', [1]],
    ['select * from users where id > $1', [1]],
    ['select * from users where id not in ($1)', [1]],
    ['select * from users where id in (select $1)', [1]],
    ['select * from users where id in ($1, $2 + 1)', [1, 2]],
    ['select * from users where id in ($1, $2)', [1, {}]],
    ['select * from users where a in ($1) or id in ($1)', [1]],
    ['select * from members where (team, code) in (($1, $2))', [1, 'a']],
    ['select * from members where team in ($1, $2) and code = $3', [1, 2, 'a']],
    [`select * from users where id in (${Array.from({ length: 101 }, (_, i) => i).join()})`, []],
    ['select * from users where id between $1 and $2', [1, 2]],
    ['select count(*) from users where id = $1', [1]],
    ['select * from users where id = (select min(id) from users)', []],
    ['select * from users u join users v on true where u.id = $1', [1]],
    ['select * from users, orders where id = $1', [1]],
    ['select * from active_users where id = $1', [1]],
    ['select id from users where id = $1 union select id from users', [1]],
    ['update users set id = $1 where id = $2', [1, 2]],
    ['update users set name = (select 1) where id = $1', [1]],
    ['update users set name = o.name from orders o where users.id = $1', [1]],
    ['delete from users using orders where users.id = $1', [1]],
    ['select * from members where team = $1', [1]],
    ['select * from users where id = $1', ['1.0']],
    ['select * from users where id = $1', [{}]],
    ['insert into users (id) values ($1)', [1]],
  ])('none: %s', (sql, values) => expect(row(sql, ...values)).toBeUndefined())
})

describe('writes and transactions', () => {
  test.each([
    ['insert into users values (1)', 'insert', ['users']],
    ['insert into users values (1) on conflict (id) do update set id = 2', 'insert', ['users', 'orders']],
    ['insert into users values (1) on conflict (id) do update set a = 2', 'insert', ['users']],
    ['update orders set a = 1', 'update', ['orders']],
    ['update users set a = 1 where id = 1', 'update', ['users']],
    ['update users set (a, id) = (1, 2)', 'update', ['users', 'orders']],
    ['update users set a = (select 1 where true), id = 2', 'update', ['users', 'orders']],
    ['update unheard set a = 1', 'update', [...catalog.tables, 'unheard']],
    ['truncate users cascade', 'anything', catalog.tables],
    ['explain analyze execute p', 'anything', catalog.tables],
    ['delete from users', 'delete', ['users', 'orders']],
    ['merge into orders using users on true when matched then delete', 'write', ['orders', 'users']],
    ['truncate orders', 'write', ['orders']],
    ['copy orders from stdin', 'write', ['orders']],
    ['copy orders from program $$cat$$', 'write', ['orders']],
    ['insert into orders (a) select a from jsonb_to_recordset($1) as x(a int)', 'insert', ['orders']],
    ['insert into orders select * from generate_series(1, 2)', 'insert', ['orders']],
    ['update orders set a = u.a from unnest($1::int[]) as u(a)', 'update', ['orders']],
    ['with x as ((select 1)) update orders set a = 1 from x', 'write', ['orders']],
    ['with x(a) as (table members) delete from orders using x', 'write', ['members', 'orders']],
    ['with x as (select 1 for no key update) update orders set a = 1 from x', 'write', ['orders']],
    ['explain analyze update orders set a = 1', 'write', ['orders']],
    ['do $$ begin end $$', 'anything', catalog.tables],
    ['call f()', 'anything', catalog.tables],
    ['execute p', 'anything', catalog.tables],
    ['alter table users add x int', 'schema', catalog.tables],
  ])('%s', (sql, verb, tables) => expect(plan(sql)).toMatchObject({ verb, tables }))

  test('an insert may update what is there', () => {
    expect(plan('insert into users values (1)').updates).toBe(false)
    expect(plan('insert into users values (1) on conflict do nothing').updates).toBe(false)
    expect(plan('insert into users values (1) on conflict (id) do update set a = 1').updates).toBe(true)
  })

  test('the verbs of transactions', () => {
    const verbs = plans(
      'begin; start transaction; commit; end; rollback; abort; rollback to s; savepoint s; set local a = 1; set a = 1; commit and chain',
    )
    expect(verbs?.map(({ verb, chain }) => (chain ? `${verb} chain` : verb))).toEqual([
      'begin',
      'begin',
      'commit',
      'commit',
      'rollback',
      'rollback',
      'pass',
      'pass',
      'pass',
      'session',
      'commit chain',
    ])
  })
})

test('the text of a postgres.js query, fragments in it, is what it will be', () => {
  const query = (strings: string[], ...args: unknown[]) => ({ strings, args })
  class Identifier {
    value = '"users"'
  }
  class Builder {
    first = {}
  }
  const where = query(['where id = ', ''], 7)
  expect(queryText(query(['select * from ', ' ', ' and a = ', ''], new Identifier(), where, 'x'))).toEqual({
    text: 'select * from "users" where id = $1 and a = $2',
    values: [7, 'x'],
    opaque: false,
  })
  expect(queryText(query(['select $1, $2'], 1, 2))).toEqual({
    text: 'select $1, $2',
    values: [1, 2],
    opaque: false,
  })
  expect(queryText(query(['update users set ', ' where id = ', ''], new Builder(), 1)).opaque).toBe(true)
})
