/** What a person did to the picture: folds, switches, zoom. Outlives the view, so a closed tab comes back as it was. */
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import type { Key } from "../../../electron/core/model/types.ts";

export interface PictureState {
  /** Toggled folds; what a key means is in core/layout (`FOLD`). */
  open: ReadonlySet<Key>;
  show_maps: boolean;
  /** Mark what came, went and changed. */
  show_changes: boolean;
  /** 1 is 100 %. */
  zoom: number;
}

const ZOOM = { least: 0.5, most: 1.5, step: 0.1 } as const;

const pictureStore = createStore<PictureState>(() => ({
  open: new Set(),
  show_maps: false,
  show_changes: true,
  zoom: 1,
}));

/** Opens what is closed and the other way round. */
export function toggleFold(key: Key): void {
  pictureStore.setState(({ open }) => {
    const next = new Set(open);
    if (!next.delete(key)) next.add(key);
    return { open: next };
  });
}

/** Adds keys to the open ones and takes others away. */
export function setFolds(opened: readonly Key[], closed: readonly Key[] = []): void {
  pictureStore.setState(({ open }) => ({
    open: new Set([...open].filter((key) => !closed.includes(key)).concat(opened)),
  }));
}

export function toggleMaps(): void {
  pictureStore.setState(({ show_maps }) => ({ show_maps: !show_maps }));
}

export function toggleChanges(): void {
  pictureStore.setState(({ show_changes }) => ({ show_changes: !show_changes }));
}

/** One step nearer (1), further (-1), or back to 100 % (0). */
export function zoomBy(direction: -1 | 0 | 1): void {
  pictureStore.setState(({ zoom }) => {
    const wanted = direction === 0 ? 1 : zoom + direction * ZOOM.step;
    return { zoom: Math.round(Math.min(ZOOM.most, Math.max(ZOOM.least, wanted)) * 10) / 10 };
  });
}

export function usePicture(): PictureState {
  return useStore(pictureStore);
}
