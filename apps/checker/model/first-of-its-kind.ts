import type { Reader, Writer } from './state.ts'

/** Of actors that are alike and have not begun, it does not matter which one begins: the first does. */
export function firstOfItsKind(actors: readonly (Reader | Writer)[], i: number): boolean {
  const kind = ({ process, key, ...rest }: Reader | Writer) =>
    `${process}/${key}/${'way' in rest ? rest.way : rest.due}`
  const own = kind(actors[i] as Reader | Writer)
  return actors.findIndex((actor) => actor.step === 'idle' && kind(actor) === own) === i
}
