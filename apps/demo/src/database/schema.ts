import type { Step } from './database.ts'

/** Everything lives in a schema of its own, so that a shared server keeps its other tables. */
export const tables: readonly Step[] = [
  { text: `drop schema if exists tierstack_demo cascade` },
  { text: `create schema tierstack_demo` },
  { text: `create extension if not exists cube` },
  {
    text: `create table tierstack_demo.cities (
      id int primary key,
      name text not null,
      country text not null,
      region text not null,
      population int not null,
      lat float8 not null,
      lon float8 not null
    )`,
  },
  {
    text: `create table tierstack_demo.accesses (city_id int not null, at timestamptz not null default now())`,
  },
  { text: `create table tierstack_demo.seed (version int not null)` },
  // A place as a point on the unit sphere: distances between those order like distances on the ground, everywhere,
  // which those between degrees do not.
  {
    text: `create function tierstack_demo.sphere(lat float8, lon float8) returns cube
      language sql immutable parallel safe strict
      return cube(array[
        cos(radians(lat)) * cos(radians(lon)),
        cos(radians(lat)) * sin(radians(lon)),
        sin(radians(lat))
      ])`,
  },
]

/** After the rows: building an index once is faster than keeping it while they come. */
export const indexes: readonly Step[] = [
  { text: `create index on tierstack_demo.cities (lower(name) text_pattern_ops)` },
  { text: `create index on tierstack_demo.cities (country, population desc)` },
  { text: `create index on tierstack_demo.cities using gist (tierstack_demo.sphere(lat, lon))` },
  { text: `create index on tierstack_demo.accesses (at)` },
  // With it the log tells a changed row as it was before: so it is known where it showed.
  { text: `alter table tierstack_demo.cities replica identity full` },
]
