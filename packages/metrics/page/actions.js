import { byId, element, reconcile } from './elements.js'
import { clock } from './numbers.js'
import { post } from './requests.js'

const mostSaid = 6

function card(action) {
  const fields = action.fields.map((field) => {
    const id = `field-${action.name}-${field.name}`
    const input = element('input', {
      id,
      name: field.name,
      value: field.value,
      maxLength: 2_000,
      autocomplete: 'off',
    })
    return element('p', {}, element('label', { for: id, textContent: field.title }), input)
  })
  const form = element(
    'form',
    {},
    element('button', { textContent: action.title, 'aria-describedby': `about-${action.name}` }),
    ...fields,
    element('p', { id: `about-${action.name}`, className: 'about', textContent: action.about }),
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void press(action, Object.fromEntries(new FormData(form)), form)
  })
  return element('li', {}, form)
}

async function press({ name, title }, fields, form) {
  const button = form.querySelector('button')
  if (button.ariaDisabled === 'true') return
  form.dataset.pressed = 'yes'
  button.ariaDisabled = 'true'
  try {
    const { said, failed } = await post('act', { name, fields })
    say(title, said, failed ? 'bad' : 'good')
  } catch (error) {
    say(title, error.message, 'bad')
  } finally {
    delete form.dataset.pressed
    button.ariaDisabled = form.dataset.enabled === 'no' ? 'true' : 'false'
  }
}

function say(title, text, mood) {
  const list = byId('said')
  list?.prepend(
    element(
      'li',
      { 'data-mood': mood },
      element('time', { textContent: clock(Date.now()) }),
      element('b', { textContent: title }),
      element('span', { textContent: text }),
    ),
  )
  while (list?.children.length > mostSaid) list.lastElementChild.remove()
}

/** Shows the buttons of the app; none where nothing may be changed. */
export function showActions(actions, readOnly) {
  byId('actions-section').hidden = readOnly || actions.length === 0
  reconcile(
    byId('actions'),
    readOnly ? [] : actions,
    ({ name }) => name,
    card,
    (item, { name, enabled }) => {
      const form = item.firstElementChild
      item.dataset.action = name
      form.dataset.enabled = enabled ? 'yes' : 'no'
      // Not `disabled`: a button that is in focus would lose it.
      if (!form.dataset.pressed) form.querySelector('button').ariaDisabled = enabled ? 'false' : 'true'
    },
  )
}
