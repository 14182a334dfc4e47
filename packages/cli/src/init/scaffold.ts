import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cacheFile, databaseFile } from './cache-file.ts'
import { definitionsFile } from './definitions-file.ts'
import { dashboardFile, rulesFile } from './monitoring-assets.ts'
import {
  composeFile,
  feedSql,
  invalidationFile,
  monitoringFile,
  prometheusFile,
  redisConf,
} from './operation-files.ts'
import type { Plan, PlannedFile } from './plan.ts'
import { warmingFile, warmingSql } from './warming-files.ts'

/** Every file of a plan; code goes into `folder`, what operators need into `ops`. */
export function filesOf(plan: Plan, folder: string): readonly PlannedFile[] {
  const code = (name: string, content: string): PlannedFile => ({ path: `${folder}/${name}`, content })
  const ops = (name: string, content: string): PlannedFile => ({ path: `ops/${name}`, content })
  const feed = plan.feed
    ? [code('invalidation.ts', invalidationFile(plan)), code('change-feed.sql', feedSql(plan))]
    : []
  return [
    code('cache.ts', cacheFile(plan)),
    code('database.ts', databaseFile()),
    code('definitions.ts', definitionsFile(plan)),
    ...feed,
    code('monitoring.ts', monitoringFile()),
    code('warming.ts', warmingFile(plan)),
    code('warming.sql', warmingSql(plan)),
    ops('prometheus.yml', prometheusFile()),
    ops('prometheus-rules.yml', rulesFile()),
    ops('grafana-dashboard.json', dashboardFile()),
    ops('compose.yaml', composeFile()),
    ...(plan.tiers.includes('redis') ? [ops('redis.conf', redisConf())] : []),
  ]
}

export interface Written {
  readonly path: string
  /** `kept`: it was there before, and is as it was. */
  readonly outcome: 'written' | 'kept'
}

/** Writes what isn't there. Never overwrites, also when somebody else makes the file in the same moment. */
export function writeAll(root: string, files: readonly PlannedFile[]): readonly Written[] {
  return files.map(({ path, content }) => {
    const whole = join(root, path)
    mkdirSync(dirname(whole), { recursive: true })
    if (existsSync(whole)) return { path, outcome: 'kept' }
    try {
      writeFileSync(whole, content, { flag: 'wx' })
      return { path, outcome: 'written' }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return { path, outcome: 'kept' }
      throw error
    }
  })
}

/** What the generated code needs, for `npm install`. */
export function packagesOf({ tiers }: Plan): readonly string[] {
  const ours = ['core', ...tiers, 'metrics', 'postgres', 'warmer'].map((name) => `@tierstack/cache-${name}`)
  const theirs = [
    'pg',
    '@opentelemetry/api',
    '@opentelemetry/sdk-metrics',
    '@opentelemetry/exporter-prometheus',
    ...(tiers.includes('redis') ? ['ioredis'] : []),
  ]
  return [...ours, ...theirs]
}
