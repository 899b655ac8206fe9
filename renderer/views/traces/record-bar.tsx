/** The bar above a table of records: filter, pause, follow, group, columns, copy. */
import { ArrowDownToLine, Copy, Pause, Play, Rows3 } from "lucide-react";
import {
  Button as AriaButton,
  Input,
  Label,
  Menu,
  MenuItem,
  MenuTrigger,
  Popover,
  SearchField,
  ToggleButton,
} from "react-aria-components";
import type { FieldInfo } from "../../stores/traces/fields.ts";
import type { Column } from "../../table/columns.ts";
import { ColumnsMenu } from "../../table/columns-menu.tsx";
import { plural } from "../../ui/format.ts";
import type { Row } from "./cells.tsx";

/** As many columns as the host groups by at a time. */
const MOST_GROUPS = 4;

export interface RecordBarProps {
  label: string;
  filter: string;
  onFilter: (filter: string) => void;
  /** What is in the table, in words. */
  counts: string;
  running: boolean;
  paused: boolean;
  onPause: () => void;
  /** Null: there is no end to follow. */
  follow: boolean | null;
  onFollow: (follow: boolean) => void;
  groupable: readonly FieldInfo[];
  group_by: readonly string[];
  onGroup: (group_by: string[]) => void;
  columns: readonly Column<Row>[];
  shown: readonly Column<Row>[];
  onToggle: (column: string) => void;
  marked: number;
  matching: number;
  onCopy: (what: "cell" | "marked-tsv" | "marked-json" | "all-tsv" | "all-json") => void;
}

export function RecordBar(props: RecordBarProps) {
  const { label, running, paused, follow, group_by } = props;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a group of controls that is no form
    <div className="table-bar record-bar" role="group" aria-label={`${label}: tools`}>
      <SearchField className="record-filter" value={props.filter} onChange={props.onFilter}>
        <Label className="visually-hidden">Filter {label}</Label>
        <Input
          className="input"
          placeholder="words  column:word  column=value  column>5  -word"
          spellCheck={false}
          title="Words that must all occur. column:word, column=value and column>number look in one column; - in front leaves out."
        />
      </SearchField>
      <span className="muted record-counts" role="status">
        {props.counts}
      </span>
      <span className="grow" />
      {running ? (
        <ToggleButton className="bar-toggle" isSelected={paused} onChange={props.onPause}>
          {paused ? <Play size={13} aria-hidden /> : <Pause size={13} aria-hidden />} {paused ? "Go on" : "Pause"}
        </ToggleButton>
      ) : null}
      {follow === null ? null : (
        <ToggleButton className="bar-toggle" isSelected={follow} onChange={props.onFollow}>
          <ArrowDownToLine size={13} aria-hidden /> Follow
        </ToggleButton>
      )}
      <MenuTrigger>
        <AriaButton className={group_by.length > 0 ? "bar-toggle bar-toggle-on" : "bar-toggle"}>
          <Rows3 size={13} aria-hidden /> {group_by.length > 0 ? `By ${group_by.join(", ")}` : "Group by"}
        </AriaButton>
        <Popover className="popover">
          <Menu
            className="list-box"
            aria-label="Group by"
            selectionMode="multiple"
            selectedKeys={group_by}
            disabledKeys={
              group_by.length < MOST_GROUPS
                ? []
                : props.groupable.map(({ name }) => name).filter((name) => !group_by.includes(name))
            }
            onAction={(key) => {
              const name = String(key);
              props.onGroup(group_by.includes(name) ? group_by.filter((one) => one !== name) : [...group_by, name]);
            }}
          >
            {props.groupable.map(({ name, title }) => (
              <MenuItem key={name} id={name} className="list-item list-check">
                {title}
              </MenuItem>
            ))}
          </Menu>
        </Popover>
      </MenuTrigger>
      <ColumnsMenu columns={props.columns} shown={props.shown} onToggle={props.onToggle} />
      <CopyMenu {...props} />
    </div>
  );
}

function CopyMenu({ marked, matching, onCopy }: RecordBarProps) {
  return (
    <MenuTrigger>
      <AriaButton className="icon-button" aria-label="Copy rows" isDisabled={matching === 0}>
        <Copy size={15} aria-hidden />
      </AriaButton>
      <Popover className="popover">
        <Menu className="list-box" aria-label="Copy rows">
          <MenuItem className="list-item" onAction={() => onCopy("cell")}>
            Copy the cell
          </MenuItem>
          <MenuItem className="list-item" onAction={() => onCopy("marked-tsv")}>
            Copy {plural(marked, "marked row")} as TSV
          </MenuItem>
          <MenuItem className="list-item" onAction={() => onCopy("marked-json")}>
            Copy {plural(marked, "marked row")} as JSON
          </MenuItem>
          <MenuItem className="list-item" onAction={() => onCopy("all-tsv")}>
            Copy all {plural(matching, "row")} as TSV
          </MenuItem>
          <MenuItem className="list-item" onAction={() => onCopy("all-json")}>
            Copy all {plural(matching, "row")} as JSON
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
