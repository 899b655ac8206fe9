/** The menu of the window: the same actions as the palette, for those who look for a menu. */
import type { LucideIcon } from "lucide-react";
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import type { NodeState } from "../../electron/core/journal/state.ts";
import { actionsFor } from "./actions.ts";

export function MainMenu({ node, icon: Icon }: { node: NodeState; icon: LucideIcon }) {
  const actions = actionsFor(node);
  return (
    <MenuTrigger>
      <AriaButton className="icon-button" aria-label="Menu">
        <Icon size={16} aria-hidden />
      </AriaButton>
      <Popover className="popover" placement="bottom start">
        <Menu className="list-box" items={actions} onAction={(id) => actions.find((action) => action.id === id)?.run()}>
          {(action) => (
            <MenuItem id={action.id} className="list-item" textValue={action.title}>
              <span className="grow">{action.title}</span>
              {action.keys ? <kbd>{action.keys}</kbd> : null}
            </MenuItem>
          )}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
