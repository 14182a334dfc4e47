import { edgeTargets } from './edges.ts'
import { endpointTargets } from './endpoints.ts'
import { frameTargets } from './frames.ts'
import { nameTargets } from './names.ts'
import type { Target } from './target.ts'

export const allTargets: readonly Target[] = [
  ...frameTargets,
  ...nameTargets,
  ...edgeTargets,
  ...endpointTargets,
]
