import { checkKeys, checkOneOf, expectation } from '@tierstack/cache-core'
import { verdictOf } from '../engine/send.ts'
import type { Provider } from '../provider.ts'
import { address, secret } from './credentials.ts'

export interface NginxOptions {
  /** Where its nodes listen. */
  readonly url: string | readonly string[]
  /** The token in the configuration. @default NGINX_PURGE_TOKEN */
  readonly token?: string
  /**
   * `refresh` fetches each page anew through stock nginx, which replaces its copy. `purge` deletes it, and needs the
   * module ngx_cache_purge.
   * @default 'refresh'
   */
  readonly by?: 'refresh' | 'purge'
  /** The `Host` of the pages, where the cache's key holds it. @default that of `url` */
  readonly host?: string
}

/** nginx with the configuration that `nginxConf` gives: it knows no tags, so pages are found by an index of ours. */
export function nginx(given: NginxOptions): Provider<'nginx'> {
  checkKeys('nginx options', given, ['url', 'token', 'by', 'host'])
  const urls = [given.url].flat().map((url) => address('url', url))
  if (urls.length === 0) throw expectation('url', 'at least one address', given.url)
  const token = secret('token', given.token, 'NGINX_PURGE_TOKEN')
  const by = checkOneOf('by', given.by ?? 'refresh', ['refresh', 'purge'])
  return {
    name: 'nginx',
    contract: {
      tags: undefined,
      perCall: 50,
      maxBodyBytes: Number.POSITIVE_INFINITY,
      buckets: [],
      soft: false,
      settle: 0,
      parallel: 2,
      dialect: 'x-accel',
      // One address is one copy: only one of several variants would be found.
      vary: [],
      sources: [
        {
          fact: 'X-Accel-Expires beats Cache-Control; proxy_cache_bypass fetches anew and stores; response headers up to one page (proxy_buffer_size)',
          url: 'https://nginx.org/en/docs/http/ngx_http_proxy_module.html',
          read: '2026-11-28',
        },
      ],
    },
    requests: ({ names }) =>
      urls.flatMap((url) =>
        names.map((name) => ({
          method: by === 'refresh' ? 'GET' : 'PURGE',
          url: `${url}${name}`,
          headers: {
            'x-purge-token': token,
            ...(given.host !== undefined && { host: given.host }),
          },
        })),
      ),
    verdict(answer) {
      const { status } = answer
      // A page that is gone, and one that isn't in the cache, needs no purge.
      if (status < 400 || status === 404 || status === 410 || status === 412) return { ok: true }
      return verdictOf(answer)
    },
  }
}

export interface NginxConfOptions {
  /** Address of the application: `http://127.0.0.1:3000`. */
  readonly backend: string
  /** The token that purges must bring. */
  readonly token: string
  /** Must be as the provider's. @default 'refresh' */
  readonly by?: 'refresh' | 'purge'
  /** Folder of the copies. They outlive nginx: empty it before each start. */
  readonly folder: string
  readonly listen: string
}

/** Parts of the `http` block: the cache, and a server in front of the application. */
export function nginxConf(given: NginxConfOptions): string {
  checkKeys('nginxConf options', given, ['backend', 'token', 'by', 'folder', 'listen'])
  const backend = address('backend', given.backend)
  const token = secret('token', given.token, 'NGINX_PURGE_TOKEN')
  for (const [what, value] of [
    ['token', token],
    ['folder', given.folder],
    ['listen', given.listen],
  ] as const) {
    if (!/^[A-Za-z0-9._~:/=+-]+$/.test(value)) throw expectation(what, 'without quotes and spaces', '…')
  }
  const purge = checkOneOf('by', given.by ?? 'refresh', ['refresh', 'purge']) === 'purge'
  return `map $http_x_purge_token $tierstack_purge {
  default 0;
  "~^${token.replaceAll(/[.+]/g, String.raw`\\$&`)}$" 1;
}
proxy_cache_path ${given.folder} keys_zone=tierstack:10m inactive=24h;
server {
  listen ${given.listen};
  location / {
    proxy_pass ${backend};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $host;
    proxy_set_header X-Purge-Token "";
    proxy_buffer_size 32k;
    proxy_buffers 8 32k;
    proxy_cache tierstack;
    # Before 1.23 the header that comes first decides; only ours is meant for nginx.
    proxy_ignore_headers Cache-Control Expires;
    proxy_cache_key $scheme$host$request_uri;
    proxy_cache_lock on;
    proxy_cache_use_stale updating;
    proxy_cache_bypass ${purge ? '$tierstack_none' : '$tierstack_purge'};
    proxy_no_cache $http_authorization;
    add_header X-Cache $upstream_cache_status;${
      purge
        ? `
    set $tierstack_none 0;
    proxy_cache_purge PURGE from 127.0.0.1;`
        : ''
    }
  }
}
`
}
