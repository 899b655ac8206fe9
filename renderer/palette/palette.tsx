/** The command palette: type, arrow, Enter. Focus stays in the field; the list is announced through it. */
import { useMemo, useState } from "react";
import {
  Autocomplete,
  Dialog,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  Modal,
  ModalOverlay,
  SearchField,
} from "react-aria-components";
import type { NodeState } from "../../electron/core/journal/state.ts";
import { closeOverlay } from "../stores/overlay.ts";
import { useBooks } from "../stores/runbooks/books.ts";
import { useTracers } from "../stores/traces/tracers.ts";
import { fuzzyRank } from "./fuzzy.ts";
import { type PaletteItem, paletteItems } from "./items.ts";

const SHOWN = 60;

/** In the same turn as the key that opened it, so that what is typed next is not lost. */
const focusAtOnce = (input: HTMLInputElement | null) => input?.focus();

export function Palette({ node }: { node: NodeState }) {
  const [query, setQuery] = useState("");
  const { list: tracers } = useTracers();
  const { list: books } = useBooks();
  // biome-ignore lint/correctness/useExhaustiveDependencies: tracers and books that arrive later are items too
  const items = useMemo(() => paletteItems(node), [node, tracers, books]);
  const shown = useMemo(() => fuzzyRank(query, items, (item) => `${item.title} ${item.detail}`, SHOWN), [items, query]);
  const run = (item: PaletteItem | undefined) => {
    if (!item) return;
    closeOverlay();
    item.run();
  };
  return (
    <ModalOverlay className="overlay overlay-top" isOpen isDismissable onOpenChange={(open) => open || closeOverlay()}>
      <Modal className="modal palette">
        <Dialog aria-label="Search and commands" className="palette-dialog">
          <Autocomplete inputValue={query} onInputChange={setQuery}>
            <SearchField className="field">
              <Label className="visually-hidden">Search and commands</Label>
              <Input
                ref={focusAtOnce}
                className="input input-large"
                placeholder="Program, interface, pod, map, finding, runbook, tracer, view or command"
                onKeyDownCapture={(event) => {
                  // A search field would empty itself first; here Escape means to leave.
                  if (event.key === "Escape") return closeOverlay();
                  // The list takes a moment to point at its first item; a quick Enter means that item.
                  if (event.key !== "Enter" || event.currentTarget.hasAttribute("aria-activedescendant")) return;
                  event.preventDefault();
                  event.stopPropagation();
                  run(shown[0]);
                }}
              />
            </SearchField>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
            <div className="palette-list" tabIndex={0}>
              <ListBox
                aria-label="Results"
                className="list-box"
                items={shown}
                selectionMode="none"
                onAction={(id) => run(shown.find((item) => item.id === id))}
                renderEmptyState={() => <p className="muted palette-empty">Nothing fits.</p>}
              >
                {(item) => (
                  <ListBoxItem id={item.id} className="list-item" textValue={item.title}>
                    <span className="palette-kind">{item.kind}</span>
                    <bdi className={item.kind === "program" || item.kind === "map" ? "mono ellipsis" : "ellipsis"}>
                      {item.title}
                    </bdi>
                    <span className="grow" />
                    <bdi className="muted ellipsis">{item.detail}</bdi>
                  </ListBoxItem>
                )}
              </ListBox>
            </div>
          </Autocomplete>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
