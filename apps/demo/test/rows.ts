import type { Row } from '../src/database/seed.ts'

/** A few cities, most populous first: enough to tell right answers from wrong ones. */
export const rows: readonly Row[] = [
  { id: 1, name: 'Paris', country: 'FR', region: '11', population: 2_138_551, lat: 48.853, lon: 2.349 },
  { id: 2, name: 'Marseille', country: 'FR', region: '93', population: 794_811, lat: 43.297, lon: 5.381 },
  { id: 3, name: 'Lyon', country: 'FR', region: '84', population: 472_317, lat: 45.748, lon: 4.847 },
  { id: 4, name: 'Créteil', country: 'FR', region: '11', population: 84_833, lat: 48.791, lon: 2.463 },
  { id: 5, name: 'Suva', country: 'FJ', region: '01', population: 77_366, lat: -18.142, lon: 178.442 },
  { id: 6, name: 'Parma', country: 'IT', region: '05', population: 146_299, lat: 44.801, lon: 10.328 },
  { id: 7, name: 'Apia', country: 'WS', region: '00', population: 40_407, lat: -13.833, lon: -171.767 },
  { id: 8, name: '100% Town', country: 'US', region: 'TX', population: 1_200, lat: 30, lon: -97 },
]
