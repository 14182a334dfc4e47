import { checkKeys, checkOneOf, expectation } from '@tierstack/cache-core'
import { keptFetch } from '../engine/kept-fetch.ts'
import { verdictOf } from '../engine/send.ts'
import type { Provider } from '../provider.ts'
import { address, secret } from './credentials.ts'

export interface VarnishOptions {
  /** Where its nodes listen: each is told of every purge. */
  readonly url: string | readonly string[]
  /** The token in the VCL. @default VARNISH_PURGE_TOKEN */
  readonly token?: string
  /** `xkey` needs the module of varnish-modules; `ban` needs none, has no soft purge, and is slower. @default 'xkey' */
  readonly by?: 'xkey' | 'ban'
}

/** Varnish with the VCL that `varnishVcl` gives. */
export function varnish(given: VarnishOptions): Provider<'varnish'> {
  checkKeys('varnish options', given, ['url', 'token', 'by'])
  const urls = [given.url].flat().map((url) => address('url', url))
  if (urls.length === 0) throw expectation('url', 'at least one address', given.url)
  const token = secret('token', given.token, 'VARNISH_PURGE_TOKEN')
  const by = checkOneOf('by', given.by ?? 'xkey', ['xkey', 'ban'])
  return {
    name: 'varnish',
    contract: {
      tags: { header: 'xkey', separator: ' ', maxTags: 1_000, maxBytes: 8_000 },
      perCall: by === 'xkey' ? 1_000 : 50,
      // The names are one header line of the call.
      maxBodyBytes: 8_191,
      buckets: [],
      soft: by === 'xkey',
      settle: 0,
      parallel: 4,
      dialect: 's-maxage',
      vary: ['accept-encoding', 'accept', 'accept-language'],
      sources: [
        {
          fact: 'a header line up to 8,192 bytes (http_resp_hdr_len, http_req_hdr_len), headers up to 32 KB, 64 lines',
          url: 'https://varnish-cache.org/docs/7.1/reference/varnishd.html#list-of-parameters',
          read: '2026-11-28',
        },
        {
          fact: 'xkey: purge and softpurge by keys separated by spaces',
          url: 'https://github.com/varnish/varnish-modules/blob/master/src/vmod_xkey.vcc',
          read: '2026-11-28',
        },
      ],
    },
    requests: ({ names, soft }) =>
      urls.map((url) => ({
        method: by === 'ban' ? 'BAN' : soft ? 'SOFTPURGE' : 'PURGE',
        url: `${url}/`,
        headers: {
          'x-purge-token': token,
          'xkey-purge': by === 'ban' ? pattern(names) : names.join(' '),
        },
      })),
    verdict: verdictOf,
    fetch: keptFetch(),
  }
}

/** Names as one regular expression over the tag header, without a space or quote, at which Varnish would split it. */
function pattern(names: readonly string[]): string {
  const other = '[^a-z0-9._~-]'
  return `(^|${other})(${names.map((name) => name.replaceAll('.', '[.]')).join('|')})(${other}|$)`
}

export interface VarnishVclOptions {
  /** Where the application listens. */
  readonly backend: { readonly host: string; readonly port: number }
  /** The token that purges must bring. */
  readonly token: string
  /** Must be as the provider's. @default 'xkey' */
  readonly by?: 'xkey' | 'ban'
  /** Addresses that may purge: an address, or one with a prefix length. @default ['127.0.0.1'] */
  readonly purgers?: readonly string[]
}

/**
 * VCL 4.1 for Varnish 6 and newer: purges by tag, from known addresses and with a token; lets `Cache-Control` decide
 * how long pages live; takes the tags off what goes out to readers, and says in `Cache-Status` what it did for them.
 */
export function varnishVcl(given: VarnishVclOptions): string {
  checkKeys('varnishVcl options', given, ['backend', 'token', 'by', 'purgers'])
  const token = secret('token', given.token, 'VARNISH_PURGE_TOKEN')
  if (/["\\]/.test(token)) throw expectation('token', 'without quotes and backslashes', '…')
  const { host, port } = given.backend
  if (!/^[A-Za-z0-9.:-]+$/.test(host)) throw expectation('backend.host', 'a host name or address', host)
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw expectation('backend.port', 'a port from 1 to 65535', port)
  const by = checkOneOf('by', given.by ?? 'xkey', ['xkey', 'ban'])
  const acl = (given.purgers ?? ['127.0.0.1']).map((one) => {
    const match = /^([0-9A-Fa-f.:]+)(\/\d+)?$/.exec(one)
    if (match === null) throw expectation('purgers', 'addresses, such as 10.0.0.0/8', one)
    return `  "${match[1]}"${match[2] ?? ''};`
  })
  return `vcl 4.1;
${by === 'xkey' ? 'import xkey;' : 'import std;'}

backend default { .host = "${host}"; .port = "${port}"; }

acl purgers {
${acl.join('\n')}
}

sub vcl_recv {
  if (req.method == "PURGE" || req.method == "SOFTPURGE" || req.method == "BAN") {
    if (client.ip !~ purgers || req.http.x-purge-token != "${token}") {
      return (synth(403, "Forbidden"));
    }
    if (!req.http.xkey-purge) {
      return (synth(400, "No names"));
    }
${by === 'xkey' ? purgeByXkey : purgeByBan}
  }
  unset req.http.x-purge-token;
  unset req.http.xkey-purge;
}

sub vcl_deliver {
  unset resp.http.xkey;
  if (resp.http.cache-status) {
    set resp.http.cache-status = resp.http.cache-status + ", ";
  }
  if (obj.uncacheable) {
    set resp.http.cache-status = resp.http.cache-status + "varnish; fwd=bypass";
  } elsif (obj.hits == 0) {
    set resp.http.cache-status = resp.http.cache-status + "varnish; fwd=miss; stored";
  } else {
    set resp.http.cache-status = resp.http.cache-status + "varnish; hit; ttl=" + regsub("" + obj.ttl, "[.].*", "");
    unset resp.http.server-timing;
  }
}

sub vcl_synth {
  if (req.http.x-purged) {
    set resp.http.x-purged = req.http.x-purged;
  }
}
`
}

const purgeByXkey = `    if (req.method == "SOFTPURGE") {
      set req.http.x-purged = xkey.softpurge(req.http.xkey-purge);
    } elsif (req.method == "PURGE") {
      set req.http.x-purged = xkey.purge(req.http.xkey-purge);
    } else {
      return (synth(405, "Method Not Allowed"));
    }
    return (synth(200, "Purged"));`

const purgeByBan = `    if (req.method != "BAN") {
      return (synth(405, "Method Not Allowed"));
    }
    if (!std.ban("obj.http.xkey ~ " + req.http.xkey-purge)) {
      return (synth(400, std.ban_error()));
    }
    return (synth(200, "Banned"));`
