import type { Protection } from '../weaken.ts'
import type { Library } from '../worker-protocol.ts'
import { Bento } from './bentocache.ts'
import { Layered } from './layered-loader.ts'
import { Ours } from './ours.ts'
import type { Subject, SubjectOptions } from './subject.ts'

export function makeSubject(
  library: Library,
  without: Protection | undefined,
  options: SubjectOptions,
): Subject {
  switch (library) {
    case 'ours':
      return new Ours(options, without)
    case 'bentocache':
      return new Bento(options)
    case 'layered-loader':
      return new Layered(options)
  }
}
