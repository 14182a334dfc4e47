import type { Protection } from '../weaken.ts'
import type { Library } from '../worker-protocol.ts'
import { Ours } from './ours.ts'
import type { Subject, SubjectOptions } from './subject.ts'

export function makeSubject(library: Library, without: Protection | undefined, options: SubjectOptions): Subject {
  switch (library) {
    case 'ours':
      return new Ours(options, without)
    case 'bentocache':
    case 'layered-loader':
      throw new Error('not yet')
  }
}
