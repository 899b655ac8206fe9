/** Brings the stores and the layout together. Draws nothing itself. */
import { useMemo } from "react";
import { layoutPicture } from "../../../electron/core/layout/picture.ts";
import type { PictureLayout } from "../../../electron/core/layout/types.ts";
import { indexOf } from "../../stores/datapath-index.ts";
import { useVisibleKeys } from "../../stores/filter.ts";
import { useSelected } from "../../stores/selection.ts";
import { useDatapath, usePreviousDatapath } from "../../stores/use-node.ts";
import { Canvas } from "./canvas.tsx";
import { relatedTo } from "./related.ts";
import { usePicture } from "./store.ts";
import { Toolbar } from "./toolbar.tsx";
import { useWidth } from "./use-width.ts";
import "./styles/index.css";

export default function Picture() {
  const datapath = useDatapath();
  const before = usePreviousDatapath();
  const visible = useVisibleKeys();
  const { open, show_maps, show_changes, zoom } = usePicture();
  const selected = useSelected();
  const [frame, width] = useWidth();
  // Laying out a large node takes long: once, when its width is known.
  const wrap_width = width === null ? null : Math.max(700, Math.floor(width / zoom / 100) * 100);
  const previous = show_changes ? before : null;
  const layout = useMemo<PictureLayout | null>(
    () =>
      datapath && wrap_width !== null
        ? layoutPicture(datapath, { open, show_maps, visible, previous, wrap_width })
        : null,
    [datapath, open, show_maps, visible, previous, wrap_width],
  );
  const related = useMemo(
    () => relatedTo(datapath && selected !== null ? indexOf(datapath) : null, selected),
    [datapath, selected],
  );
  return (
    <div className="picture" ref={frame}>
      {datapath === null ? (
        <p className="picture-empty">No picture yet: nothing has been collected from this node.</p>
      ) : layout ? (
        <>
          <Toolbar datapath={datapath} layout={layout} compared={before !== null} />
          <Canvas datapath={datapath} layout={layout} selected={selected} related={related} />
        </>
      ) : null}
    </div>
  );
}
