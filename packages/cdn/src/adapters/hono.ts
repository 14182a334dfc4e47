import type { CdnEdge } from '../cdn-edge.ts'
import { planned } from './handler.ts'
import { Page } from './page.ts'
import { resolveRoute } from './route.ts'
import type { RouteOptions } from './route.ts'

/** What of Hono's context is used. */
export interface HonoContextLike {
  readonly req: { readonly raw: Request }
  get res(): Response
  set res(response: Response | undefined)
}

/** Middleware for Hono: `app.use(honoEdge(edge))`. */
export function honoEdge(
  edge: CdnEdge,
  options: RouteOptions = {},
): (context: HonoContextLike, next: () => Promise<void>) => Promise<void> {
  const route = resolveRoute(options)
  return async (context, next) => {
    const page = new Page(edge, route)
    try {
      await page.run(next)
      const response = await planned(page, route, context.req.raw, context.res)
      // Hono adds the old headers to a response that replaces one.
      context.res = undefined
      context.res = response
    } finally {
      page.close()
    }
  }
}
