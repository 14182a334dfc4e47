/** The Standard Schema interface, version 1 (standardschema.dev): what zod, valibot, arktype and others implement. */
export interface StandardSchema<O> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<O> | Promise<SchemaResult<O>>
    readonly types?: { readonly input: unknown; readonly output: O } | undefined
  }
}

export type SchemaResult<O> =
  | { readonly value: O; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] }

/** Why the value doesn't fit, or undefined when it does. */
export async function misfit(schema: StandardSchema<unknown>, value: unknown): Promise<string | undefined> {
  const result = await schema['~standard'].validate(value)
  if (result.issues === undefined) return undefined
  return result.issues.map((issue) => issue.message).join('; ') || 'rejected by its schema'
}
