/*
 * The database's side of the write queue. A row of `write_queue` is the latest write of a key: `token` is its number,
 * `place` the number of the write that first made the key wait, which is its place in the order of the topic. Each verb is
 * one statement, so that any client or pool will do; numbers come from a sequence and are never given twice.
 */
export const queueTables = `
select pg_advisory_xact_lock(7435233);
create schema if not exists tierstack;
create sequence if not exists tierstack.write_number;
create table if not exists tierstack.write_queue (
  topic text not null, key bytea not null, token bigint not null, place bigint not null, bytes bytea not null,
  primary key (topic, key)
);
create index if not exists write_queue_place on tierstack.write_queue (topic, place);
create table if not exists tierstack.write_dead (
  topic text not null, token bigint not null, key bytea not null, bytes bytea not null,
  reason text not null, at timestamptz not null default clock_timestamp(),
  primary key (topic, token)
);
create table if not exists tierstack.write_workers (
  topic text primary key, worker text not null, until timestamptz not null
);
`

export const queueReady = `select to_regclass('tierstack.write_workers') is not null as ready,
  current_setting('synchronous_commit') <> 'off' as lasting`

const given = `given as (
  select * from unnest($2::bytea[], $3::bigint[], $4::text[]) as g(key, token, reason) order by key
)`

/** What was overtaken goes on as if it had come by itself. */
const overtaken = `overtaken as (
  update tierstack.write_queue q set place = q.token from given g
  where q.topic = $1 and q.key = g.key and q.token > g.token
)`

const gone = `gone as (
  delete from tierstack.write_queue q using given g
  where q.topic = $1 and q.key = g.key and q.token = g.token
  returning q.key, q.token, q.bytes, g.reason
)`

type QueueVerb =
  | 'append'
  | 'pending'
  | 'hold'
  | 'page'
  | 'renew'
  | 'confirm'
  | 'bury'
  | 'dead'
  | 'discard'
  | 'retry'
  | 'state'

export const queueSql: Readonly<Record<QueueVerb, string>> = {
  /**
   * Placed in the order of the call, written in that of the keys, against deadlocks. Each gets its number as its row is
   * written, or under the lock of the one that is there: what came and went while another key's row was waited for has a
   * lower one.
   */
  append: `insert into tierstack.write_queue as q (topic, key, bytes, token, place)
    select $1, s.key, s.bytes, nextval('tierstack.write_number'), s.place from (
      select u.key, u.bytes, u.place from (
        select o.key, o.bytes, nextval('tierstack.write_number') as place from (
          select * from unnest($2::bytea[], $3::bytea[]) with ordinality as g(key, bytes, at) order by at
        ) o
      ) u order by u.key
    ) s
    on conflict (topic, key) do update
    set bytes = excluded.bytes, token = nextval('tierstack.write_number')`,

  pending: `select g.place, q.bytes from unnest($2::bytea[]) with ordinality as g(key, place)
    join tierstack.write_queue q on q.topic = $1 and q.key = g.key`,

  hold: `insert into tierstack.write_workers as w (topic, worker, until)
    values ($1, $2, clock_timestamp() + $3 * interval '1 ms')
    on conflict (topic) do update set worker = excluded.worker, until = excluded.until
    where w.worker = excluded.worker or w.until < clock_timestamp()
    returning 1`,

  page: `select q.key, q.token::text, q.place::text, q.bytes from tierstack.write_queue q
    where q.topic = $1 and q.place > $2 order by q.place limit $3`,

  renew: `update tierstack.write_workers set until = clock_timestamp() + $3 * interval '1 ms'
    where topic = $1 and worker = $2 returning 1`,

  confirm: `with ${given}, ${overtaken}, ${gone} select count(*) from gone`,

  bury: `with ${given}, ${overtaken}, ${gone}
    insert into tierstack.write_dead (topic, token, key, bytes, reason)
    select $1, token, key, bytes, reason from gone on conflict do nothing`,

  dead: `select d.token::text, d.key, d.bytes, d.reason, extract(epoch from d.at) * 1000 as at
    from tierstack.write_dead d where d.topic = $1 order by d.token limit $2`,

  discard: 'delete from tierstack.write_dead where topic = $1 and token = any($2::bigint[])',

  /** The latest first: of one key it is the one that counts. */
  retry: `with back as (
      delete from tierstack.write_dead where topic = $1 and token = any($2::bigint[]) returning key, token, bytes
    )
    insert into tierstack.write_queue (topic, key, bytes, token, place)
    select $1, key, bytes, token, nextval('tierstack.write_number')
    from (select * from back order by token desc) b on conflict do nothing`,

  state: `select count(*)::int as size, min(place)::text as first, greatest(max(place), max(token))::text as last
    from tierstack.write_queue where topic = $1`,
}
