/** Runbooks: which there are, begin one on a node, answer, pause, resume, stop. What it does comes as events. */
import { BpfdeskError } from "../../core/errors.ts";
import type { RunbookInfo } from "../../shared/contract.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import { type Bookshelf, bookOf } from "../runbook/bookshelf.ts";
import type { HostContext } from "./context.ts";

export function runbookHandlers(host: HostContext) {
  const runs = ({ session_id }: { session_id: string }) => host.session(session_id).runs;
  return {
    "runbooks.list": async () => (await host.books()).map(infoOf),
    "runbooks.folder": async () => ({ folder: await host.booksFolder.get() }),
    "runbooks.set_folder": async ({ folder }) => {
      if (host.mode === "browser") throw notInBrowser();
      await host.booksFolder.set(folder);
      return null;
    },
    "runbook.start": async ({ session_id, node, book: id, inputs, attended, batch = null }) => {
      const [shelf, manifests] = await Promise.all([host.books(), host.tracers()]);
      return runs({ session_id }).start({ node, book: bookOf(shelf, id), inputs, attended, batch }, { manifests });
    },
    "runbook.answer": (input) => {
      runs(input).answer(which(input), input.step, input.answer);
      return null;
    },
    "runbook.pause": (input) => {
      runs(input).pause(which(input));
      return null;
    },
    "runbook.resume": async (input) => {
      const [shelf, manifests] = await Promise.all([host.books(), host.tracers()]);
      await runs(input).resume(which(input), (id) => bookOf(shelf, id), { manifests });
      return null;
    },
    "runbook.stop": (input) => {
      runs(input).stop(which(input));
      return null;
    },
  } satisfies Partial<Handlers>;
}

const which = ({ node, run_id }: { node: string; run_id: string }) => ({ node, run_id });

function infoOf({ info, file, problems }: Bookshelf[number]): RunbookInfo {
  return { ...info, file, problems: [...problems] };
}

const notInBrowser = () =>
  new BpfdeskError({
    code: "not-in-browser",
    message: "Folders are not opened by name from a browser.",
    hint: "Choose the folder in the desktop app, or start the server where it was chosen.",
  });
