/** The bar above a table: find, how many rows, which columns, copy. */
import { Copy } from "lucide-react";
import type { ReactNode } from "react";
import {
  Button as AriaButton,
  Input,
  Label,
  Menu,
  MenuItem,
  MenuTrigger,
  Popover,
  SearchField,
} from "react-aria-components";
import { copyText } from "../stores/notice.ts";
import { countText, plural } from "../ui/format.ts";
import { type Column, toJson, toTsv } from "./columns.ts";
import { ColumnsMenu } from "./columns-menu.tsx";

interface ToolbarProps<Row> {
  label: string;
  text: string;
  onText: (text: string) => void;
  total: number;
  found: readonly Row[];
  marked: readonly Row[];
  columns: readonly Column<Row>[];
  shown: readonly Column<Row>[];
  onToggle: (column: string) => void;
  tools: ReactNode;
}

export function TableToolbar<Row>(props: ToolbarProps<Row>) {
  const { label, found, marked, columns, shown } = props;
  const copy = (rows: readonly Row[], as: "tsv" | "json") =>
    void copyText(as === "tsv" ? toTsv(rows, shown) : toJson(rows, shown), plural(rows.length, "row"));
  return (
    // biome-ignore lint/a11y/useSemanticElements: a group of controls that is no form
    <div className="table-bar" role="group" aria-label={`${label}: tools`}>
      <SearchField className="table-find" value={props.text} onChange={props.onText}>
        <Label className="visually-hidden">Find in {label}</Label>
        <Input className="input" placeholder="Find in this table" spellCheck={false} />
      </SearchField>
      <span className="muted nowrap" role="status">
        {found.length === props.total
          ? plural(props.total, "row")
          : `${countText(found.length)} of ${plural(props.total, "row")}`}
      </span>
      <span className="grow" />
      {props.tools}
      <ColumnsMenu columns={columns} shown={shown} onToggle={props.onToggle} />
      <MenuTrigger>
        <AriaButton className="icon-button" aria-label="Copy rows">
          <Copy size={15} aria-hidden />
        </AriaButton>
        <Popover className="popover">
          <Menu className="list-box" aria-label="Copy rows">
            <MenuItem className="list-item" onAction={() => copy(marked, "tsv")}>
              Copy {plural(marked.length, "marked row")} as TSV
            </MenuItem>
            <MenuItem className="list-item" onAction={() => copy(marked, "json")}>
              Copy {plural(marked.length, "marked row")} as JSON
            </MenuItem>
            <MenuItem className="list-item" onAction={() => copy(found, "tsv")}>
              Copy all {plural(found.length, "row")} as TSV
            </MenuItem>
            <MenuItem className="list-item" onAction={() => copy(found, "json")}>
              Copy all {plural(found.length, "row")} as JSON
            </MenuItem>
          </Menu>
        </Popover>
      </MenuTrigger>
    </div>
  );
}
