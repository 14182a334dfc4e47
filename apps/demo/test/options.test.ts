import { expect, test } from 'vitest'
import { parseOptions, UsageError } from '../src/options.ts'

test('without arguments the demo serves on after five seconds of load', () => {
  expect(parseOptions([])).toMatchObject({
    once: false,
    seconds: 5,
    port: undefined,
    edge: 'embedded',
    help: false,
  })
})

test('values follow their name or an equals sign', () => {
  const expected = { once: true, seconds: 2.5, port: 0, folder: '/tmp/x=y' }
  expect(parseOptions(['--once', '--seconds', '2.5', '--port', '0', '--folder', '/tmp/x=y'])).toMatchObject(
    expected,
  )
  expect(parseOptions(['--once', '--seconds=2.5', '--port=0', '--folder=/tmp/x=y'])).toMatchObject(expected)
})

test('the separator that npm hands through is ignored', () => {
  expect(parseOptions(['--', '--once']).once).toBe(true)
})

test.each([
  [
    ['--onec'],
    'Expected one of the options --once, --seconds, --port, --folder, --edge, --help, got `--onec`.',
  ],
  [
    ['extra'],
    'Expected one of the options --once, --seconds, --port, --folder, --edge, --help, got `extra`.',
  ],
  [['--seconds'], 'Expected a value after `--seconds`, got none.'],
  [['--seconds', 'many'], 'Expected `--seconds` to be a number from 0.2 to 3600, got `many`.'],
  [['--seconds', '-1'], 'Expected `--seconds` to be a number from 0.2 to 3600, got `-1`.'],
  [['--port', '1.5'], 'Expected `--port` to be a whole number, got `1.5`.'],
  [['--port', '65536'], 'Expected `--port` to be a number from 0 to 65535, got `65536`.'],
  [['--edge', 'cdn'], 'Expected `--edge` to be one of embedded, varnish, none, got `cdn`.'],
  [['--once=yes'], 'Expected `--once` to stand alone, got `--once=yes`.'],
])('%j is refused in one sentence', (args, sentence) => {
  expect(() => parseOptions(args)).toThrow(new UsageError(sentence))
})
