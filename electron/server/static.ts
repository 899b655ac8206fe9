/**
 * The page's files and the headers they go out with, for browser mode and for `app://` alike.
 *
 * Serves what the build put into one folder and nothing else. Knows no HTTP server and no Electron.
 */
import { readFile, realpath } from "node:fs/promises";
import { extname, join, sep } from "node:path";

export interface StaticAnswer {
  status: 200 | 404;
  headers: Record<string, string>;
  body: Uint8Array;
}

/**
 * What a page of bpfdesk may load and reach: its own origin. Styles need `unsafe-inline` because the
 * editor and the terminal write theirs at run time.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-src 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Go with every answer. Nothing is cached: the next start may be another version on the same address. */
export const SECURITY_HEADERS: Record<string, string> = {
  "content-security-policy": CONTENT_SECURITY_POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".ttf": "font/ttf",
};

/** Answers the path of a URL (`/`, `/assets/x.js`); whatever is not a file in the folder is 404. */
export function staticFiles(folder: string): (urlPath: string) => Promise<StaticAnswer> {
  return async (urlPath) => {
    const file = await fileOf(folder, urlPath);
    const type = file && TYPES[extname(file)];
    if (!file || !type) return notFound;
    try {
      return { status: 200, headers: { ...SECURITY_HEADERS, "content-type": type }, body: await readFile(file) };
    } catch {
      return notFound;
    }
  };
}

const notFound: StaticAnswer = {
  status: 404,
  headers: { ...SECURITY_HEADERS, "content-type": "text/plain; charset=utf-8" },
  body: new TextEncoder().encode("Not found\n"),
};

/** The real path of a file, or null when it would lie outside the folder, also by way of a link. */
async function fileOf(folder: string, urlPath: string): Promise<string | null> {
  try {
    const path = decodeURIComponent(urlPath);
    if (/[\0\\]/.test(path) || path.split("/").includes("..")) return null;
    const root = await realpath(folder);
    const file = await realpath(join(root, path === "/" ? "index.html" : path));
    return file.startsWith(root + sep) ? file : null;
  } catch {
    return null;
  }
}
