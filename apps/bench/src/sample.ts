/** Metrics of one case, by name. */
export type Metrics = Readonly<Record<string, number>>

/** What one round of one contestant brought, by case. */
export type Sample = Readonly<Record<string, Metrics>>
