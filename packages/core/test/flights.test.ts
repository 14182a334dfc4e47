import { expect, test } from 'vitest'
import { Flight } from '../src/flight.ts'
import { Flights } from '../src/flights.ts'

const flight = (key: string) => new Flight(key, 0, 0)

test('flights that are under way are found, however many have come and gone beside them', () => {
  const flights = new Flights()
  const lasting = Array.from({ length: 300 }, (_, i) => flight(`lasting ${i}`))
  for (const one of lasting) flights.set(one.key, one)
  for (let i = 0; i < 10_000; i++) {
    const passing = flight(`passing ${i}`)
    flights.set(passing.key, passing)
    expect(flights.get(passing.key)).toBe(passing)
    flights.delete(passing.key, passing)
    expect(flights.has(passing.key)).toBe(false)
  }
  for (const one of lasting) expect(flights.get(one.key)).toBe(one)
})

test('a flight that ends late leaves the one that has taken its place', () => {
  const flights = new Flights()
  const early = flight('a')
  const late = flight('a')
  flights.set('a', early)
  flights.replace('a', late)
  flights.delete('a', early)
  expect(flights.get('a')).toBe(late)
  flights.delete('a', late)
  expect(flights.has('a')).toBe(false)
})

test('a flight that ends twice leaves the one that has begun in between', () => {
  const flights = new Flights()
  const early = flight('a')
  const late = flight('a')
  flights.set('a', early)
  flights.delete('a', early)
  flights.set('a', late)
  flights.delete('a', early)
  expect(flights.get('a')).toBe(late)
})
