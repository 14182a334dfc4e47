// The long run: `pnpm --filter @tierstack/cache-cdn crash 1000`. Several queues at once, each killed again and again.
import { crash } from './crash.ts'

const kills = Number(process.argv[2] ?? 1_000)
const lanes = 4
const began = performance.now()
const reports = await Promise.all(
  Array.from({ length: lanes }, () => crash(Math.ceil(kills / lanes), Math.random)),
)
const sum = (pick: (report: (typeof reports)[number]) => number) =>
  reports.reduce((all, report) => all + pick(report), 0)
const lost = sum((report) => report.lost.length)
process.stdout.write(
  `${sum((report) => report.kills)} kills, ${sum((report) => report.acknowledged)} removals acknowledged, ` +
    `${sum((report) => report.takenOver)} of them first purged by the last process, ${sum((report) => report.purges)} names purged, ` +
    `${lost} lost, ${Math.round((performance.now() - began) / 1000)} s\n`,
)
process.exitCode = lost === 0 ? 0 : 1
