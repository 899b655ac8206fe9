/** A drop-down of one choice or none. Long lists can be typed into. */
import { ChevronDown, X } from "lucide-react";
import {
  Button as AriaButton,
  ComboBox,
  Group,
  Input,
  ListBox,
  ListBoxItem,
  ListLayout,
  Popover,
  Virtualizer,
} from "react-aria-components";

/** Height of an option in px, and how many are on screen at most: a node has up to a thousand pods. */
const ROW = 26;
const SHOWN = 14;

export interface ChoiceProps {
  label: string;
  value: string | null;
  options: { id: string; text: string }[];
  onChange: (value: string | null) => void;
}

export function Choice({ label, value, options, onChange }: ChoiceProps) {
  return (
    <ComboBox
      aria-label={label}
      className={value === null ? "choice" : "choice choice-set"}
      value={value}
      onChange={(key) => onChange(key === null ? null : String(key))}
      defaultItems={options}
      menuTrigger="focus"
      isDisabled={options.length === 0}
    >
      <Group className="combo">
        <Input className="input" placeholder={label} spellCheck={false} />
        {value === null ? (
          <AriaButton className="icon-button">
            <ChevronDown size={13} aria-hidden />
          </AriaButton>
        ) : (
          <AriaButton
            slot={null}
            className="icon-button"
            aria-label={`Any ${label.toLowerCase()}`}
            onPress={() => onChange(null)}
          >
            <X size={13} aria-hidden />
          </AriaButton>
        )}
      </Group>
      <Popover className="popover" offset={2}>
        <Virtualizer layout={ListLayout} layoutOptions={{ rowHeight: ROW }}>
          <ListBox className="list-box choice-list" style={{ height: Math.min(SHOWN, options.length) * ROW }}>
            {(item: { id: string; text: string }) => (
              <ListBoxItem id={item.id} textValue={item.text} className="list-item">
                {item.text}
              </ListBoxItem>
            )}
          </ListBox>
        </Virtualizer>
      </Popover>
    </ComboBox>
  );
}
