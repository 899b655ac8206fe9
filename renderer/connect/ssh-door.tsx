/** Where to connect over SSH: aliases of the configuration, typed text, patterns, groups. Asks for no secret. */
import { type SubmitEvent, useEffect, useState } from "react";
import { useStore } from "zustand";
import type { RecentTarget } from "../../electron/shared/contract.ts";
import { errorData } from "../host/error-data.ts";
import { connectNode, connectNodes } from "../host/intents.ts";
import { notify } from "../stores/notice.ts";
import { loadTargets, targetsStore } from "../stores/targets.ts";
import { Button } from "../ui/button.tsx";
import { plural } from "../ui/format.ts";
import { HostBox } from "./host-box.tsx";
import { type LoginOptions, LoginOptionsFields, noOptions } from "./login-options.tsx";
import { Meaning } from "./meaning.tsx";
import { RecentList } from "./recent-list.tsx";
import { Resolved } from "./resolved.tsx";
import { SaveGroup } from "./save-group.tsx";
import { expand, useExpansion } from "./use-expansion.ts";

export function SshDoor() {
  const [text, setText] = useState("");
  const [options, setOptions] = useState<LoginOptions>(noOptions);
  const trouble = useStore(targetsStore, (state) => state.trouble);
  const expansion = useExpansion(text);
  useEffect(() => {
    const stop = new AbortController();
    void loadTargets(stop.signal);
    return () => stop.abort();
  }, []);
  const typed = text.trim();
  const meaning = expansion?.text === typed ? expansion.meaning : null;
  const several = meaning !== null && !meaning.one;
  const blocked = typed === "" || (several && (meaning.targets.length === 0 || meaning.problems.length > 0));
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!blocked) void open(typed, options);
  };
  return (
    <>
      <form onSubmit={submit} className="stack">
        <HostBox value={text} onChange={setText} trouble={trouble} />
        {meaning ? <Meaning meaning={meaning} /> : null}
        <LoginOptionsFields value={options} onChange={setOptions} />
        <div className="actions">
          <Button type="submit" variant="primary" isDisabled={blocked}>
            {several && meaning.targets.length > 0 ? `Connect to ${plural(meaning.targets.length, "node")}` : "Connect"}
          </Button>
          {several && !blocked ? (
            <SaveGroup targets={meaning.targets.map(({ target }) => target)} />
          ) : (
            <Resolved target={several ? "" : typed} />
          )}
        </div>
      </form>
      <RecentList open={(recent) => void open(recent.target, optionsOf(recent))} />
    </>
  );
}

const optionsOf = ({ identity_file }: RecentTarget): LoginOptions => ({
  ...noOptions,
  identity_file: identity_file ?? "",
});

/** One node goes to its screen, several to the table of nodes. What names nothing opens nothing. */
async function open(text: string, { identity_file, backend }: LoginOptions): Promise<void> {
  const login = {
    ...(identity_file.trim() === "" ? {} : { identity_file: identity_file.trim() }),
    ...(backend === null ? {} : { backend }),
  };
  try {
    const { targets, problems, one } = await expand(text);
    const [first] = targets;
    const [problem] = problems;
    if (problem) return notify({ kind: "error", text: problem.message, hint: problem.hint });
    if (one && first) return await connectNode({ kind: "ssh", target: first.target, ...login });
    if (first)
      await connectNodes(
        targets.map(({ target }) => target),
        text,
        login,
      );
  } catch (error) {
    const { message, hint } = errorData(error);
    notify({ kind: "error", text: message, hint });
  }
}
