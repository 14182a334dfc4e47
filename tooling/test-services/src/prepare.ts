// Run before the test runner: installs what is missing, or ends with one sentence instead of a stack trace.
import { startServices } from './services.ts'
import { NoServerError, placeForRedis } from './place.ts'

try {
  const services = await startServices()
  await services.stop()
  // Cluster, Sentinel and TLS tests start servers of their own, whatever the shared one is.
  const { machine } = await placeForRedis([])
  await machine.stop()
} catch (error) {
  if (!(error instanceof NoServerError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
