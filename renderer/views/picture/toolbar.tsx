/** The line above the picture: what is in it, what is kept out, and its switches. */
import { CircleHelp, Map as MapIcon, Minus, Plus } from "lucide-react";
import { Dialog, DialogTrigger, Popover, ToggleButton } from "react-aria-components";
import type { PictureLayout } from "../../../electron/core/layout/types.ts";
import type { Datapath } from "../../../electron/core/model/types.ts";
import { findingKey } from "../../stores/datapath-index.ts";
import { select } from "../../stores/selection.ts";
import { IconButton } from "../../ui/button.tsx";
import { plural } from "../../ui/format.ts";
import { BadgeButton } from "./box.tsx";
import { Legend } from "./legend.tsx";
import { toggleChanges, toggleMaps, usePicture, zoomBy } from "./store.ts";

export interface ToolbarProps {
  datapath: Datapath;
  layout: PictureLayout;
  /** There is a picture before this one to compare with. */
  compared: boolean;
}

export function Toolbar({ datapath, layout, compared }: ToolbarProps) {
  const { show_maps, show_changes, zoom } = usePicture();
  const { counts, changes, node_badge } = layout;
  return (
    <div className="picture-bar" role="toolbar" aria-label="Picture">
      <span className="bar-counts">
        {plural(counts.attachments, "attachment")} · {plural(counts.interfaces, "interface")} ·{" "}
        {plural(datapath.pods.length, "pod")}
        {counts.hidden > 0 ? ` · ${plural(counts.hidden, "row")} kept out by the filter` : ""}
      </span>
      {node_badge ? (
        // biome-ignore lint/a11y/noStaticElementInteractions: the button inside is the control, its click arrives here
        // biome-ignore lint/a11y/useKeyWithClickEvents: a button turns Enter and Space into a click
        <span
          className="bar-node"
          onClick={() => {
            const finding = datapath.findings[node_badge.finding];
            if (finding) select(findingKey(finding));
          }}
        >
          not in view: <BadgeButton badge={node_badge} tab />
        </span>
      ) : null}
      <span className="bar-space" />
      {compared ? (
        <ToggleButton className="bar-toggle" isSelected={show_changes} onChange={toggleChanges}>
          {show_changes
            ? `+${changes.came} came · −${changes.went} went · ~${changes.changed} changed`
            : "Show changes"}
        </ToggleButton>
      ) : null}
      <ToggleButton className="bar-toggle" isSelected={show_maps} onChange={toggleMaps}>
        <MapIcon size={13} aria-hidden /> Maps
      </ToggleButton>
      <span className="bar-zoom">
        <IconButton icon={Minus} label="Zoom out" keys="Ctrl −" onPress={() => zoomBy(-1)} />
        <span className="bar-percent">{Math.round(zoom * 100)} %</span>
        <IconButton icon={Plus} label="Zoom in" keys="Ctrl +" onPress={() => zoomBy(1)} />
      </span>
      <DialogTrigger>
        <IconButton icon={CircleHelp} label="What the signs mean" />
        <Popover className="picture-legend" placement="bottom end">
          <Dialog aria-label="What the signs mean">
            <Legend />
          </Dialog>
        </Popover>
      </DialogTrigger>
    </div>
  );
}
