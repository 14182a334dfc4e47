import type { Statement } from './statement.ts'

const cityColumns = 'id, name, country, region, population, lat, lon'
const earthKm = 6371

export const cityById: Statement = {
  name: 'city by id',
  purpose: 'read',
  text: `select ${cityColumns} from tierstack_demo.cities where id = $1`,
}

export const citiesByIds: Statement = {
  name: 'cities by ids',
  purpose: 'read',
  text: `select ${cityColumns} from tierstack_demo.cities where id = any($1::int[])`,
}

export const citiesByName: Statement = {
  name: 'cities by name',
  purpose: 'read',
  text: `select ${cityColumns} from tierstack_demo.cities
    where lower(name) like $1 order by population desc, id limit 10`,
}

export const nearestCities: Statement = {
  name: 'nearest cities',
  purpose: 'read',
  text: `select ${cityColumns},
      2 * ${earthKm} * asin(least(1, (tierstack_demo.sphere(lat, lon) <-> tierstack_demo.sphere($1, $2)) / 2)) as km
    from tierstack_demo.cities
    order by tierstack_demo.sphere(lat, lon) <-> tierstack_demo.sphere($1, $2)
    limit 10`,
}

/** One pass over the country for its size and inequality, and a look for the neighbour of its 200 largest cities. */
export const countryStats: Statement = {
  name: 'country statistics',
  purpose: 'read',
  text: `with members as (
      select ${cityColumns}, row_number() over (order by population, id) as place
      from tierstack_demo.cities where country = $1
    ), size as (
      select count(*)::int as cities, sum(population)::float8 as population, avg(population)::float8 as mean,
        percentile_cont(array[0.5, 0.9]) within group (order by population) as quantiles,
        sum(place * population::float8) as weighted
      from members
    ), regions as (
      select json_agg(r) as list from (
        select region, count(*)::int as cities, sum(population)::float8 as population
        from members group by region order by 3 desc, 1 limit 5
      ) r
    ), largest as (
      select json_agg(l) as list from (
        select id, name, population from members order by population desc, id limit 5
      ) l
    ), spacing as (
      select percentile_cont(0.5) within group (order by n.km) as km
      from (select lat, lon from members order by population desc, id limit 200) m
      cross join lateral (
        select 2 * ${earthKm} * asin(least(1, (tierstack_demo.sphere(c.lat, c.lon) <-> tierstack_demo.sphere(m.lat, m.lon)) / 2)) as km
        from tierstack_demo.cities c
        order by tierstack_demo.sphere(c.lat, c.lon) <-> tierstack_demo.sphere(m.lat, m.lon)
        offset 1 limit 1
      ) n
    )
    select $1 as country, cities, population, mean, quantiles[1] as median, quantiles[2] as p90,
      case when population > 0 then 2 * weighted / (cities * population) - (cities + 1)::float8 / cities end as gini,
      spacing.km as "neighbourKm", regions.list as regions, largest.list as largest
    from size, regions, largest, spacing where cities > 0`,
}

export const topCities: Statement = {
  name: 'top cities',
  purpose: 'read',
  text: `select c.id, c.name, c.country, c.population, a.reads
    from (
      select city_id, count(*)::int as reads from tierstack_demo.accesses
      where at > now() - interval '30 days' group by city_id order by 2 desc, 1 limit 10
    ) a
    join tierstack_demo.cities c on c.id = a.city_id
    order by a.reads desc, c.id`,
}

/** `folded` are the names that searches compare with, before and after. */
export const updateCity: Statement = {
  name: 'update city',
  purpose: 'write',
  text: `with old as (
      select id, name from tierstack_demo.cities where id = $1 for update
    )
    update tierstack_demo.cities c
    set name = coalesce($2, c.name), population = coalesce($3, c.population)
    from old where c.id = old.id
    returning c.id, c.name, c.country, c.region, c.population, c.lat, c.lon,
      json_build_array(lower(old.name), lower(c.name)) as folded`,
}

export const hotCities: Statement = {
  name: 'hot cities',
  purpose: 'setup',
  text: `select city_id as id from tierstack_demo.accesses
    where at > now() - $1::int * interval '1 hour' group by city_id order by count(*) desc, city_id limit $2::int`,
}

export const logAccesses: Statement = {
  name: 'log accesses',
  purpose: 'log',
  text: `insert into tierstack_demo.accesses (city_id) select unnest($1::int[])`,
}

export const citiesByPopulation: Statement = {
  name: 'cities by population',
  purpose: 'setup',
  // As one text: so many rows take the embedded database several times as long.
  text: `select json_agg(json_build_array(${cityColumns}) order by population desc, id)::text as list
    from tierstack_demo.cities`,
}

export const ping: Statement = { name: 'ping', purpose: 'setup', text: 'select 1' }
