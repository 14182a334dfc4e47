/**
 * The same object but for these methods. Others are called on the original, whose private state they need; where one
 * returns the original, this one is returned instead.
 */
export function overriding<T extends object>(target: T, methods: Readonly<Record<string, unknown>>): T {
  const twin: T = new Proxy(target, {
    get(object, name) {
      if (typeof name === 'string' && Object.hasOwn(methods, name)) return methods[name]
      const value: unknown = Reflect.get(object, name, object)
      if (typeof value !== 'function' || name === 'constructor') return value
      return (...args: unknown[]) => {
        const result: unknown = Reflect.apply(value, object, args)
        return result === object ? twin : result
      }
    },
  })
  return twin
}
