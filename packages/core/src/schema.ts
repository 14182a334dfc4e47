/** The Standard Schema interface, version 1 (standardschema.dev): what zod, valibot, arktype and others implement. */
export interface StandardSchema<O> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<O> | Promise<SchemaResult<O>>
    readonly types?: { readonly input: unknown; readonly output: O } | undefined
  }
}

interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** `issues`: the value doesn't fit. */
export type SchemaResult<O> =
  | { readonly value: O; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

const mostTold = 5

/**
 * Where the value doesn't fit, or undefined when it does. Not why: what libraries say of an issue may quote the value, and
 * ends up in logs.
 */
export async function misfit(schema: StandardSchema<unknown>, value: unknown): Promise<string | undefined> {
  const result = await schema['~standard'].validate(value)
  if (result.issues === undefined) return undefined
  const { issues } = result
  const places = issues.slice(0, mostTold).map(({ path = [] }) => {
    const steps = path.map((step) => (typeof step === 'object' ? step.key : step))
    return ['value', ...steps.map((step) => (typeof step === 'number' ? step : String(step)))].join('.')
  })
  const more = issues.length > mostTold ? ` and ${issues.length - mostTold} more` : ''
  return `its schema refuses ${places.join(', ') || 'value'}${more}`
}
