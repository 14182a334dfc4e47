interface Example {
  readonly path: string
  readonly asks: string
}

const examples: readonly Example[] = [
  { path: '/pages/cities/2988507', asks: 'the page of a city, kept at the edge until its row changes' },
  { path: '/pages/top', asks: 'a page made of ten rows' },
  { path: '/cities/2988507', asks: 'one city, by its id' },
  { path: '/cities?name=san', asks: 'the ten largest cities whose name begins so' },
  { path: '/near?lat=48.85&lon=2.35', asks: 'the ten cities nearest to a place' },
  { path: '/countries/US/stats', asks: 'statistics of a country' },
  { path: '/top', asks: 'the ten cities most often asked for' },
  { path: '/stats', asks: 'what the cache and the database did so far' },
  { path: '/live/', asks: 'all of it, live: with the token that the terminal shows' },
  { path: '/metrics', asks: 'what a Prometheus collects' },
  { path: '/health', asks: 'whether tiers and database answer' },
]

const style = `
  :root { color-scheme: light dark }
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1rem }
  code, pre { font-family: ui-monospace, monospace; font-size: .9rem }
  pre { overflow-x: auto; padding: .75rem 1rem; border: 1px solid color-mix(in srgb, currentColor 25%, transparent) }
  dt { margin-top: .5rem } dd { margin: 0; opacity: .75 }
`

export function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/** The page at `/`: what runs here, near first, and examples to try. `host` is what the client calls this server. */
export function indexPage(chain: readonly string[], host: string): string {
  const links = examples.map(({ path, asks }) => {
    const href = escape(path)
    return `<dt><a href="${href}"><code>GET ${href}</code></a></dt><dd>${escape(asks)}</dd>`
  })
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Cities of the world, cached by Tierstack</title>
<style>${style}</style>
<h1>Cities of the world</h1>
<p>Each answer comes from the first of these that has it:</p>
<ol>${chain.map((title) => `<li>${escape(title)}</li>`).join('')}</ol>
<dl>${links.join('\n')}</dl>
<p>The <code>Cache-Status</code> header of an answer says what the edge and the tiers did for it, <code>Server-Timing</code> which of them made it. An edit drops every answer that shows the city:</p>
<pre>curl -X PATCH -d '{"population": 2200000}' http://${escape(host)}/cities/2988507</pre>
<p>An edit behind the service's back, by SQL that doesn't tell the cache, is noticed by the change feed:</p>
<pre>curl -X POST -d '{"population": 2300000}' http://${escape(host)}/behind/cities/2988507</pre>
</html>
`
}
