/** Where to connect over SSH: an alias of the configuration or typed text. Asks for no secret. */
import { ChevronDown } from "lucide-react";
import { type SubmitEvent, useEffect, useState } from "react";
import {
  Button as AriaButton,
  ComboBox,
  Group,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  Text,
} from "react-aria-components";
import { useStore } from "zustand";
import type { SshHost } from "../../electron/shared/contract.ts";
import { connectNode } from "../host/intents.ts";
import { errorData, host } from "../host/link.ts";
import { recentStore, rememberTarget } from "../stores/recent.ts";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { NodeText } from "../ui/node-text.tsx";

export function SshDoor() {
  const [target, setTarget] = useState("");
  const [identity, setIdentity] = useState("");
  const { hosts, trouble } = useHosts();
  const recent = useStore(recentStore, (state) => state.recent);

  const open = (to: string, identity_file: string | null) => {
    rememberTarget({ target: to, identity_file });
    void connectNode({ kind: "ssh", target: to, ...(identity_file === null ? {} : { identity_file }) });
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (target.trim() !== "") open(target.trim(), identity.trim() === "" ? null : identity.trim());
  };
  return (
    <>
      <form onSubmit={submit} className="stack">
        <ComboBox
          className="field"
          allowsCustomValue
          inputValue={target}
          onInputChange={setTarget}
          onSelectionChange={(key) => {
            if (key !== null) setTarget(String(key));
          }}
          menuTrigger="focus"
        >
          <Label>Host</Label>
          <Group className="combo">
            <Input className="input mono" placeholder="alias or user@host:port" spellCheck={false} />
            <AriaButton className="icon-button" aria-label="Hosts of the SSH configuration">
              <ChevronDown size={14} aria-hidden />
            </AriaButton>
          </Group>
          {trouble ? (
            <Text slot="description" className="help">
              {trouble}
            </Text>
          ) : null}
          <Popover className="popover" offset={2}>
            <ListBox className="list-box" items={hosts}>
              {(item) => (
                <ListBoxItem id={item.alias} textValue={item.alias} className="list-item">
                  <NodeText text={item.alias} mono /> <span className="muted">{hostDetail(item)}</span>
                </ListBoxItem>
              )}
            </ListBox>
          </Popover>
        </ComboBox>
        <details className="more">
          <summary>Identity file</summary>
          <Field
            label="Private key file"
            placeholder="~/.ssh/id_ed25519"
            value={identity}
            onChange={setIdentity}
            mono
            help="Only the path. Without it: the agent and the keys of the SSH configuration."
          />
        </details>
        <div>
          <Button type="submit" variant="primary" isDisabled={target.trim() === ""}>
            Connect
          </Button>
        </div>
      </form>
      {recent.length > 0 ? (
        <ul className="recent" aria-label="Recent hosts">
          {recent.map((item) => (
            <li key={item.target}>
              <Button variant="quiet" onPress={() => open(item.target, item.identity_file)}>
                <NodeText text={item.target} mono />
              </Button>
            </li>
          ))}
        </ul>
      ) : null}
    </>
  );
}

function hostDetail(item: SshHost): string {
  const user = item.user === null ? "" : `${item.user}@`;
  const port = item.port === null || item.port === 22 ? "" : `:${item.port}`;
  return item.hostname === null && user === "" && port === "" ? "" : `${user}${item.hostname ?? item.alias}${port}`;
}

function useHosts(): { hosts: SshHost[]; trouble: string } {
  const [state, setState] = useState<{ hosts: SshHost[]; trouble: string }>({ hosts: [], trouble: "" });
  useEffect(() => {
    const stop = new AbortController();
    host()
      .client.call("ssh.hosts", {}, { signal: stop.signal })
      .then(
        (hosts) => setState({ hosts, trouble: "" }),
        (error: unknown) => {
          if (!stop.signal.aborted) setState({ hosts: [], trouble: errorData(error).message });
        },
      );
    return () => stop.abort();
  }, []);
  return state;
}
