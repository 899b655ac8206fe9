/**
 * `app://bpfdesk`: the page's origin, served from the built files with the same headers as in browser mode.
 * No `file://`, so the page has an origin of its own and the policy applies as a header.
 */
import { SECURITY_HEADERS, staticFiles } from "../server/static.ts";
import type { ElectronApi } from "./api.ts";

const SCHEME = "app";
export const PAGE_ORIGIN = "app://bpfdesk";
export const PAGE_URL = `${PAGE_ORIGIN}/`;

/** Must be called before the app is ready. */
export function registerPageScheme({ protocol }: Pick<ElectronApi, "protocol">): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
}

/** Answers every request of the page; called once the app is ready. */
export function servePage({ protocol }: Pick<ElectronApi, "protocol">, rendererDir: string): void {
  const files = staticFiles(rendererDir);
  protocol.handle(SCHEME, async (request) => {
    const url = new URL(request.url);
    if (url.host !== "bpfdesk" || request.method !== "GET") {
      return new Response("Refused", { status: 403, headers: SECURITY_HEADERS });
    }
    const { status, headers, body } = await files(url.pathname);
    return new Response(new Uint8Array(body), { status, headers });
  });
}
