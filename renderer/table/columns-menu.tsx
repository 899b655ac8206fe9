/** The menu that shows and hides columns. */
import { Columns3 } from "lucide-react";
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";

import { stayingColumn } from "./shown-columns.ts";

interface Titled {
  id: string;
  title: string;
  hidden?: boolean;
}

export function ColumnsMenu(props: {
  columns: readonly Titled[];
  shown: readonly Titled[];
  onToggle: (column: string) => void;
}) {
  const { columns, shown, onToggle } = props;
  return (
    <MenuTrigger>
      <AriaButton className="icon-button" aria-label="Columns">
        <Columns3 size={15} aria-hidden />
      </AriaButton>
      <Popover className="popover">
        <Menu
          className="list-box"
          aria-label="Columns"
          selectionMode="multiple"
          selectedKeys={shown.map((column) => column.id)}
          disabledKeys={[stayingColumn(columns)?.id ?? ""]}
          onAction={(id) => onToggle(String(id))}
        >
          {columns.map((column) => (
            <MenuItem key={column.id} id={column.id} className="list-item list-check">
              {column.title}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
