const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

const fixed = /^[a-z]{3}, (\d{2}) ([a-z]{3}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) gmt$/i
const rfc850 = /^[a-z]{6,9}, (\d{2})-([a-z]{3})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) gmt$/i
const asctime = /^[a-z]{3} ([a-z]{3}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/i

/**
 * The instant (ms since 1970) an HTTP date names, in any of the three formats of RFC 9110, section 5.6.7, whatever the
 * letters' case; `undefined` for anything else. `Date.parse` would take much more than that: a zone other than GMT is
 * not a valid date, and a response with an invalid `Expires` has already expired.
 */
export function parseHttpDate(text: string, now: number): number | undefined {
  const long = fixed.exec(text)
  if (long) return instant(long[3], long[2], long[1], long[4], long[5], long[6])
  const short = rfc850.exec(text)
  if (short) return instant(century(short[3], now), short[2], short[1], short[4], short[5], short[6])
  const old = asctime.exec(text)
  if (old) return instant(old[6], old[1], old[2], old[3], old[4], old[5])
  return undefined
}

/** A two-digit year more than 50 years ahead is the most recent one in the past with the same digits. */
function century(digits: string | undefined, now: number): string {
  const thisYear = new Date(now).getUTCFullYear()
  const year = Math.floor(thisYear / 100) * 100 + Number(digits)
  return String(year > thisYear + 50 ? year - 100 : year)
}

function instant(
  year: string | undefined,
  monthName: string | undefined,
  day: string | undefined,
  hour: string | undefined,
  minute: string | undefined,
  second: string | undefined,
): number | undefined {
  const month = months.indexOf(String(monthName).toLowerCase())
  const clock = [Number(hour), Number(minute), Number(second)] as const
  if (month === -1 || clock[0] > 23 || clock[1] > 59 || clock[2] > 60) return undefined
  const at = Date.UTC(Number(year), month, Number(day), ...clock)
  return new Date(at).getUTCMonth() === month || clock[2] === 60 ? at : undefined
}
