import type { City, TopCity } from './database/queries.ts'
import { escape } from './index-page.ts'

const style = `
  :root { color-scheme: light dark }
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem }
  dt { opacity: .75 } dd { margin: 0 0 .5rem } button { font: inherit; margin-right: .5rem }
  footer { margin-top: 2rem; opacity: .75 } code { font-family: ui-monospace, monospace; font-size: .9rem }
`

/** The page can't know what the edge that keeps it will say of it: it asks again, for the head alone. */
const tellStatus = `
  const how = document.querySelector('footer span')
  const tell = async () => {
    const { headers } = await fetch(location, { method: 'HEAD', cache: 'no-store' })
    how.textContent = headers.get('cache-status') ?? 'no edge'
  }
  tell()
`

function page(title: string, body: string, script = ''): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escape(title)}</title>
<style>${style}</style>
<h1>${escape(title)}</h1>
${body}
<footer>Asked again, this page has <code>Cache-Status: <span></span></code></footer>
<script>${tellStatus}${script}</script>
</html>
`
}

const integer = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

/** The page of one city, made of its row alone: kept until that row changes. */
export function cityPage(city: City): string {
  const edit = `
  for (const button of document.querySelectorAll('button')) button.onclick = async () => {
    const { method, path } = button.dataset
    const body = JSON.stringify({ population: ${city.population} + 1 })
    await fetch(path, { method, body })
    location.reload()
  }
`
  return page(
    city.name,
    `<dl>
<dt>Population</dt><dd>${integer.format(city.population)}</dd>
<dt>Country and region</dt><dd>${escape(city.country)}, ${escape(city.region)}</dd>
<dt>Place</dt><dd>${city.lat}, ${city.lon}</dd>
</dl>
<p><button data-method="PATCH" data-path="/cities/${city.id}">One more inhabitant</button>
<button data-method="POST" data-path="/behind/cities/${city.id}">The same by SQL alone</button></p>
<p><a href="/pages/top">The cities most often asked for</a></p>`,
    edit,
  )
}

/** A page made of ten rows: kept until one of them changes, or popularity is counted anew. */
export function topPage(cities: readonly TopCity[]): string {
  const rows = cities.map(
    ({ id, name, population }) =>
      `<li><a href="/pages/cities/${id}">${escape(name)}</a>, ${integer.format(population)}</li>`,
  )
  return page('The cities most often asked for', `<ol>${rows.join('\n')}</ol>`)
}
