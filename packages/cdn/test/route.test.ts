import { expect, test } from 'vitest'
import { resolveRoute } from '../src/adapters/route.ts'

test.each([
  [{ anybody: 'yes' }, 'Expected `anybody` to be one of'],
  [{ maxEtagBytes: '1mb' }, 'Expected `maxEtagBytes` to be a whole number of bytes, or Infinity'],
  [{ maxEtagBytes: -1 }, 'Expected `maxEtagBytes`'],
  [{ browserTtl: 'soon' }, 'Expected `browserTtl`'],
  [{ anyone: true }, 'Expected only known options in `route options`, got `anyone`'],
])('options of a route that can not be meant are refused: %j', (wrong, sentence) => {
  expect(() => resolveRoute(wrong as never)).toThrow(sentence)
})
