/** The field for a host, with the aliases of the SSH configuration and the saved groups to choose from. */
import { ChevronDown } from "lucide-react";
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
import { targetsStore } from "../stores/targets.ts";
import { plural } from "../ui/format.ts";
import { NodeText } from "../ui/node-text.tsx";

export function HostBox(props: { value: string; onChange: (value: string) => void; trouble: string }) {
  const hosts = useStore(targetsStore, (state) => state.hosts);
  const groups = useStore(targetsStore, (state) => state.groups);
  const items = [
    ...groups.map(({ name, targets }) => ({ id: `group:${name}`, detail: plural(targets.length, "target"), file: "" })),
    ...hosts.map((one) => ({ id: one.alias, detail: hostDetail(one), file: one.file })),
  ];
  return (
    <ComboBox
      className="field"
      allowsCustomValue
      inputValue={props.value}
      onInputChange={props.onChange}
      onSelectionChange={(key) => {
        if (key !== null) props.onChange(String(key));
      }}
      menuTrigger="focus"
    >
      <Label>Host</Label>
      <Group className="combo">
        <Input className="input mono" placeholder="alias, user@host:port, node-*, group:name" spellCheck={false} />
        <AriaButton className="icon-button" aria-label="Hosts of the SSH configuration">
          <ChevronDown size={14} aria-hidden />
        </AriaButton>
      </Group>
      {props.trouble ? (
        <Text slot="description" className="help">
          {props.trouble}
        </Text>
      ) : null}
      <Popover className="popover" offset={2}>
        <ListBox className="list-box" items={items}>
          {(item) => (
            <ListBoxItem id={item.id} textValue={item.id} className="list-item">
              <NodeText text={item.id} mono /> <NodeText text={item.detail} className="muted" />
              <span className="grow" />
              <NodeText text={item.file} className="muted ellipsis" titled />
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}

function hostDetail(item: SshHost): string {
  const user = item.user === null ? "" : `${item.user}@`;
  const port = item.port === null || item.port === 22 ? "" : `:${item.port}`;
  return item.hostname === null && user === "" && port === "" ? "" : `${user}${item.hostname ?? item.alias}${port}`;
}
