// Requests to the app, with the token, which stays in this tab.

const kept = 'tierstack-token'

/** The token: from the address behind `#`, which no server gets and which is taken out of it; or from before a reload. */
export function token() {
  const given = location.hash.slice(1)
  if (given !== '') {
    sessionStorage.setItem(kept, decodeURIComponent(given))
    history.replaceState(null, '', location.pathname)
  }
  return sessionStorage.getItem(kept)
}

export const keepToken = (text) => sessionStorage.setItem(kept, text)
export const forgetToken = () => sessionStorage.removeItem(kept)

/** An answer that isn't the one hoped for: `status` says why, the message is for people. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message)
    this.status = status
  }
}

async function request(path, init = {}) {
  const headers = { authorization: `Bearer ${encodeHeader(token() ?? '')}` }
  let response
  try {
    response = await fetch(`api/${path}`, { ...init, headers, cache: 'no-store' })
  } catch (error) {
    if (init.signal?.aborted) throw error
    throw new Refusal(0, 'The app does not answer.')
  }
  if (response.ok) return response
  const body = await response.json().catch(() => undefined)
  throw new Refusal(response.status, body?.error?.message ?? `The app answered ${response.status}.`)
}

/** Headers carry no other characters; a token with any can't be the right one. */
const encodeHeader = (text) => text.replaceAll(/[^\x20-\x7e]/g, '?')

export const get = async (path, query = {}) =>
  await (await request(`${path}?${new URLSearchParams(query)}`)).json()

export const post = async (path, body) =>
  await (await request(path, { method: 'POST', body: JSON.stringify(body) })).json()

/** Without a word for so long, the other side counts as gone: it sends each second. */
const silenceMs = 5_000

/** The server-sent events of a path until the stream ends; rejects with a `Refusal`. */
export async function* events(path, query) {
  const ending = new AbortController()
  let silence
  const heard = () => {
    clearTimeout(silence)
    silence = setTimeout(() => ending.abort(), silenceMs)
  }
  heard()
  try {
    const { body } = await request(`${path}?${new URLSearchParams(query)}`, { signal: ending.signal })
    const reader = body.pipeThrough(new TextDecoderStream()).getReader()
    let rest = ''
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      heard()
      rest += value
      for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
        const event = parsed(rest.slice(0, end))
        rest = rest.slice(end + 2)
        if (event) yield event
      }
    }
  } finally {
    clearTimeout(silence)
    ending.abort()
  }
}

function parsed(block) {
  const field = (name) =>
    block
      .split('\n')
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2)
  const text = field('data')
  return text === undefined ? undefined : { name: field('event'), told: JSON.parse(text) }
}
