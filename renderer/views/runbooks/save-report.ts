/** Hands a report of one run or of several to the person as a file. */
import type { RunbookInfo } from "../../../electron/shared/contract.ts";
import { saveFile } from "../../host/intents.ts";
import { host } from "../../host/link.ts";
import { type ReportedNode, reportOf } from "../../stores/runbooks/batch-report.ts";
import { sessionStore } from "../../stores/session.ts";

export function saveReport(nodes: readonly ReportedNode[], book: RunbookInfo | undefined): void {
  const about = { book, version: host().info.version, at: Date.now() };
  const { name, text } = reportOf(nodes, sessionStore.getState(), about);
  saveFile(name, new TextEncoder().encode(text));
}
