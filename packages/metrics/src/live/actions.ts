import { AdminError, badRequest } from '../admin-error.ts'
import { readBody, text } from '../admin-request.ts'

/** A text that an action is given. */
export interface ActionField {
  readonly name: string
  readonly title: string
  /** What stands in it at first. */
  readonly value: string
}

/** A button of the page. */
export interface Action {
  readonly name: string
  readonly title: string
  /** What it does, in one sentence. */
  readonly about: string
  readonly fields?: readonly ActionField[]
  /** Whether it can be pressed now. @default always */
  readonly enabled?: () => boolean
  /** Resolves to what the page shows of it, a sentence; a rejection's message is shown as well. */
  readonly run: (fields: Readonly<Record<string, string>>) => Promise<string>
}

/** What the page is told of its buttons. */
export function shownActions(actions: readonly Action[]): object[] {
  return actions.map(({ name, title, about, fields = [], enabled }) => ({
    name,
    title,
    about,
    fields,
    enabled: enabled?.() ?? true,
  }))
}

/** What an action said; `failed` where it rejected. */
export interface Said {
  readonly said: string
  readonly failed: boolean
}

/** `POST act`: presses a button, and answers what it said. */
export async function act(actions: readonly Action[], request: Request): Promise<Said> {
  const body = await readBody(request, ['name', 'fields'])
  const name = text(body, 'name')
  const action = actions.find((one) => one.name === name)
  if (action === undefined) throw new AdminError(404, 'NO_ACTION', 'Expected `name` to be one of the actions')
  if (action.enabled?.() === false) {
    throw new AdminError(409, 'NOT_NOW', `Expected \`${action.title}\` to be possible, it isn't just now`)
  }
  const fields = fieldsOf(action, body['fields'] ?? {})
  try {
    return { said: await action.run(fields), failed: false }
  } catch (error) {
    return { said: error instanceof Error ? error.message : String(error), failed: true }
  }
}

function fieldsOf({ fields = [] }: Action, given: unknown): Record<string, string> {
  if (typeof given !== 'object' || given === null)
    throw badRequest('Expected `fields` to be an object of texts')
  return Object.fromEntries(
    fields.map(({ name, value }) => {
      const own: unknown = Object.hasOwn(given, name) ? Reflect.get(given, name) : value
      if (typeof own !== 'string') throw badRequest(`Expected \`fields.${name}\` to be a text`)
      return [name, own]
    }),
  )
}
