import { createServer } from 'node:http'
import { memory } from '@tierstack/cache-memory'

import { edge } from '../../src/edge/index.ts'
import { conformanceProfile } from './profile.ts'

// The edge that the public suite is run against: see the read-me.
const [origin = 'http://127.0.0.1:8000', port = '8001'] = process.argv.slice(2)
const subject = edge({ tiers: [memory()], origin, ...conformanceProfile })
createServer(subject.listener).listen(Number(port), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${port} in front of ${origin}`)
})
