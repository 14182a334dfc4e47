import { byId, element, put } from './elements.js'
import { clock, count } from './numbers.js'

const most = 200

/** Adds what happened, the latest on top; what is known already changes in place. */
export function showTimeline(happenings) {
  const list = byId('timeline')
  for (const happening of happenings) {
    const { began, at, kind, mood, text } = happening
    let item = list.querySelector(`[data-key="${Number(began)}-${Number(at)}"]`)
    if (item === null) {
      item = element(
        'li',
        { 'data-key': `${began}-${at}` },
        element('time', { dateTime: new Date(at).toISOString(), textContent: clock(at) }),
        element('b', { textContent: kind }),
        element('span'),
        element('i'),
      )
      list.prepend(item)
    }
    item.dataset.mood = mood
    item.dataset.kind = kind
    put(item.children[2], text)
    put(item.children[3], happening.count > 1 ? `× ${count(happening.count)}` : '')
  }
  while (list.children.length > most) list.lastElementChild.remove()
}

/** Names of the tiers that are out of use. */
export const faultsIn = ({ tiers }) => tiers.filter(({ state }) => state === 'down').map(({ name }) => name)
