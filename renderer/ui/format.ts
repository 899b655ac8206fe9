/** Numbers, sizes and times as a person reads them. Pure: the present is an argument. */

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** `1536` → `1.5 KiB`; null stays a dash. */
export function bytesText(bytes: number | null): string {
  if (bytes === null) return "–";
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** Groups the digits of a number or of decimal text of any length: `1234567` → `1 234 567`. */
export function countText(count: number | string | null): string {
  if (count === null) return "–";
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
}

/** How long ago, coarse: `12 s`, `5 min`, `3 h`, `2 d`. */
export function ageText(from_ms: number, now_ms: number): string {
  const seconds = Math.max(0, Math.round((now_ms - from_ms) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

/** Local date and time with seconds, sortable: `2026-11-21 03:07:09`. */
export function timeText(epoch_ms: number | null): string {
  if (epoch_ms === null) return "–";
  const date = new Date(epoch_ms);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Milliseconds as `840 ms` or `1.2 s`. */
export function durationText(ms: number | null): string {
  if (ms === null) return "–";
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** `1 program`, `2 programs`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}
