import type { SqlRow } from './connection.ts'
import { whyPassing } from './passing.ts'
import { tokenize } from './sql-tokens.ts'
import { tableName } from './tags.ts'

/** How values of a key column are written in tags. Other types have no single way that a client could know. */
export type KeyKind = 'integer' | 'uuid' | 'text'

export interface CatalogTable {
  /** As tags call it; a partition goes by the table that it is part of. */
  readonly name: string
  readonly key: readonly { readonly column: string; readonly kind: KeyKind | undefined }[]
}

/** What the database says about the names that a statement may use. */
export interface Catalog {
  /** Tables by bare name; several where schemas have the same. Views are the tables that they are made of. */
  readonly relations: ReadonlyMap<string, readonly CatalogTable[]>
  /** Relations whose contents change without a statement on a table that is known, or differ by reader. */
  readonly opaque: ReadonlySet<string>
  /** Functions whose result isn't given by their arguments and the tables. */
  readonly unstable: ReadonlySet<string>
  /** Functions of the database's own that may write. */
  readonly writing: ReadonlySet<string>
  /** By table, what else changes when its rows are deleted or what refers to them changes. */
  readonly cascades: ReadonlyMap<string, readonly Cascade[]>
  readonly tables: readonly string[]
  /** Which database it is, and as whom it is asked: results of another are others. */
  readonly place: string
}

/** A foreign key by which a write changes rows of another table, or of the same. */
export interface Cascade {
  readonly to: string
  /** When a row that is referred to is deleted; when its columns that are referred to change. */
  readonly deletes: boolean
  readonly moves: boolean
  readonly columns: readonly string[]
}

const visible = "n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'tierstack')"

/* Everything in one statement, so that it is of one moment. */
const question = `
  with recursive part(oid, root) as (
    select c.oid, c.oid from pg_class c where c.relkind in ('r', 'p') and not exists (select from pg_inherits i where i.inhrelid = c.oid)
    union all select i.inhrelid, part.root from pg_inherits i join part on part.oid = i.inhparent
  ), made(oid, source) as (
    select distinct r.ev_class, d.refobjid from pg_rewrite r
    join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
    where d.refobjid <> r.ev_class
  ), deep(oid, source) as (
    select oid, source from made union select deep.oid, made.source from deep join made on made.oid = deep.source
  )
  select json_build_object(
    'tables', (select coalesce(json_agg(json_build_object(
        'name', c.relname, 'schema', rn.nspname, 'root', r.relname, 'rls', c.relrowsecurity or r.relrowsecurity,
        'key', (select json_agg(json_build_object('column', a.attname, 'type', t.typname,
              'plain', coalesce(l.collisdeterministic, true)) order by k.place)
            from pg_index i cross join unnest(i.indkey::int2[]) with ordinality as k(attnum, place)
            join pg_attribute a on a.attrelid = r.oid and a.attnum = k.attnum join pg_type t on t.oid = a.atttypid
            left join pg_collation l on l.oid = a.attcollation
            where i.indrelid = r.oid and i.indisprimary
              -- With rows of other tables among its own, a primary key is no promise.
              and not (r.relkind = 'r' and exists (select from pg_inherits h where h.inhparent = r.oid))))), '[]')
      from part join pg_class c on c.oid = part.oid join pg_namespace n on n.oid = c.relnamespace
      join pg_class r on r.oid = part.root join pg_namespace rn on rn.oid = r.relnamespace where ${visible}),
    'views', (select coalesce(json_agg(json_build_object('name', c.relname, 'text', pg_get_viewdef(c.oid),
        'of', (select json_agg(s.relname) from deep join pg_class s on s.oid = deep.source where deep.oid = c.oid and s.relkind in ('r', 'p')))), '[]')
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'v' and ${visible}),
    'opaque', (select coalesce(json_agg(c.relname), '[]') from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('f', 'm') or c.relpersistence = 't' or n.nspname = 'pg_catalog'),
    'place', json_build_array(current_database(), current_user, current_setting('search_path')),
    'identified', has_function_privilege('pg_control_system()', 'execute'),
    'functions', (select coalesce(json_agg(distinct jsonb_build_object('name', p.proname, 'own', ${visible}, 'kind', p.provolatile)), '[]')
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where p.provolatile = 'v' or ${visible} and p.provolatile = 's'),
    'cascades', (select coalesce(json_agg(json_build_object('schema', fn.nspname, 'from', f.relname, 'toSchema', n.nspname, 'to', c.relname,
        'deletes', k.confdeltype in ('c', 'n', 'd'), 'moves', k.confupdtype in ('c', 'n', 'd'),
        'columns', (select json_agg(a.attname) from pg_attribute a where a.attrelid = k.confrelid and a.attnum = any(k.confkey)))), '[]')
      from pg_constraint k join part fp on fp.oid = k.confrelid join pg_class f on f.oid = fp.root join pg_namespace fn on fn.oid = f.relnamespace
      join part cp on cp.oid = k.conrelid join pg_class c on c.oid = cp.root join pg_namespace n on n.oid = c.relnamespace
      where k.contype = 'f' and (k.confdeltype in ('c', 'n', 'd') or k.confupdtype in ('c', 'n', 'd')))
  )::text as catalog`

interface Answer {
  readonly tables: readonly {
    readonly name: string
    readonly schema: string
    readonly root: string
    readonly rls: boolean
    readonly key:
      | readonly { readonly column: string; readonly type: string; readonly plain: boolean }[]
      | null
  }[]
  readonly views: readonly {
    readonly name: string
    readonly text: string
    readonly of: readonly string[] | null
  }[]
  readonly place: readonly string[]
  readonly identified: boolean
  readonly opaque: readonly string[]
  readonly functions: readonly { readonly name: string; readonly own: boolean; readonly kind: 'v' | 's' }[]
  readonly cascades: readonly {
    readonly schema: string
    readonly from: string
    readonly toSchema: string
    readonly to: string
    readonly deletes: boolean
    readonly moves: boolean
    readonly columns: readonly string[]
  }[]
}

const kinds: Readonly<Record<string, KeyKind>> = {
  int2: 'integer',
  int4: 'integer',
  int8: 'integer',
  uuid: 'uuid',
  text: 'text',
  varchar: 'text',
}

export async function readCatalog(ask: (text: string) => Promise<SqlRow[]>): Promise<Catalog> {
  const [row] = await ask(question)
  const answer = JSON.parse(String(row?.['catalog'])) as Answer
  // A server of its own may have a database of the same name.
  const [server] = answer.identified
    ? await ask('select system_identifier::text as id from pg_control_system()')
    : []
  return catalogOf(answer, String(server?.['id']))
}

function catalogOf(answer: Answer, server: string): Catalog {
  const relations = new Map<string, CatalogTable[]>()
  // Whose names may be those of columns and tables as well: they are only told by their schema.
  const opaque = new Set([...answer.opaque, 'information_schema', 'tierstack'])
  const unstable = new Set(answer.functions.map(({ name }) => name))
  for (const { name, schema, root, rls, key } of answer.tables) {
    const columns = (key ?? []).map(({ column, type, plain }) => ({
      column,
      kind: plain ? kinds[type] : undefined,
    }))
    relations.set(name, [...(relations.get(name) ?? []), { name: tableName(schema, root), key: columns }])
    // What a reader sees depends on who asks.
    if (rls) opaque.add(name)
  }
  for (const name of passingViews(answer.views, opaque, unstable)) opaque.add(name)
  for (const { name, of } of answer.views) {
    const sources = of?.flatMap((source) => relations.get(source) ?? []) ?? []
    // A row of a view has no key of its own.
    const more = sources.map((source) => ({ ...source, key: [] }))
    if (more.length > 0) relations.set(name, [...(relations.get(name) ?? []), ...more])
  }
  const cascades = new Map<string, Cascade[]>()
  for (const { schema, from, toSchema, to, ...when } of answer.cascades) {
    const parent = tableName(schema, from)
    cascades.set(parent, [...(cascades.get(parent) ?? []), { to: tableName(toSchema, to), ...when }])
  }
  const own = answer.functions.filter((fn) => fn.own && fn.kind === 'v')
  return {
    relations,
    opaque,
    unstable,
    writing: new Set(own.map(({ name }) => name)),
    cascades,
    tables: [...new Set([...relations.values()].flat().map(({ name }) => name))],
    place: JSON.stringify([...answer.place, server]),
  }
}

/** Views whose rows depend on more than those of tables, or on such views. */
function passingViews(
  views: Answer['views'],
  opaque: ReadonlySet<string>,
  unstable: ReadonlySet<string>,
): ReadonlySet<string> {
  const texts = views.map(({ name, text, of }) => ({ name, tokens: of ? tokenize(text) : undefined }))
  const names = new Set(opaque)
  for (let before = -1; before !== names.size;) {
    before = names.size
    for (const { name, tokens } of texts)
      if (tokens === undefined || whyPassing(tokens, { opaque: names, unstable })) names.add(name)
  }
  return names
}
