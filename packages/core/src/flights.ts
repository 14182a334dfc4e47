import type { Passenger } from './asking.ts'
import type { Flight } from './flight.ts'

/** A passenger stands for a flight that nobody but he has asked for. */
type Listed = Flight | Passenger

/** Flights added to one map. */
const most = 1_024

/**
 * The flights under way, by what their readers may share.
 *
 * A map that is added to and removed from without end makes itself a new table again and again, and each table left
 * behind points to its successor. One of them in the old generation keeps alive all that came after: a quarter of
 * everything that passing reads made would survive the young one's collections. So the map itself is left behind now
 * and then.
 */
export class Flights {
  #map = new Map<string, Listed>()
  #room = most

  get(name: string): Flight | undefined {
    return this.#map.get(name)?.flight
  }

  has(name: string): boolean {
    return this.#map.has(name)
  }

  /** Lists the first flight of a name. */
  set(name: string, flight: Listed): void {
    if (--this.#room < 0) this.#renew()
    flight.listed = true
    this.#map.set(name, flight)
  }

  /** Lists it in place of one that may not be joined any more, if there is one. */
  replace(name: string, flight: Flight): void {
    const other = this.get(name)
    if (other !== undefined) other.listed = false
    this.set(name, flight)
  }

  /** Ends it, unless another one has taken its place. */
  delete(name: string, flight: Listed): void {
    if (!flight.listed) return
    flight.listed = false
    this.#map.delete(name)
  }

  #renew(): void {
    this.#map = new Map(this.#map)
    // Where many are under way at once, copying them is to stay rare.
    this.#room = Math.max(most, this.#map.size * 8)
  }
}
