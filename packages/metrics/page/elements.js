// All that stands on the page is made here, as text: nothing is ever parsed as HTML.

/** The element of the page with that id. */
export function byId(id) {
  return document.getElementById(id)
}

/** An element with properties, attributes (`data-…`, `aria-…`, `role`, `for`, `scope`) and children; texts are texts. */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(properties)) {
    if (/^(data-|aria-|role$|for$|scope$)/.test(key)) made.setAttribute(key, value)
    else made[key] = value
  }
  made.append(...children.filter((child) => child !== undefined && child !== null))
  return made
}

/** As `element`, for drawings; everything is an attribute. */
export function drawn(name, attributes = {}, ...children) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value))
  made.append(...children)
  return made
}

/** Sets the text of an element, and leaves it alone where it is the same: who has selected it goes on. */
export function put(place, text) {
  if (place.textContent !== text) place.textContent = text
}

/** One child for each of `things`, kept while its key is there; `make` makes it, `update` fills it. */
export function reconcile(parent, things, keyOf, make, update) {
  const there = new Map([...parent.children].map((child) => [child.dataset.key, child]))
  let before = null
  for (const thing of things) {
    const key = String(keyOf(thing))
    let child = there.get(key)
    if (child) there.delete(key)
    else {
      child = make(thing)
      child.dataset.key = key
    }
    update(child, thing)
    const next = before === null ? parent.firstElementChild : before.nextElementSibling
    if (next !== child) parent.insertBefore(child, next)
    before = child
  }
  for (const child of there.values()) child.remove()
}
