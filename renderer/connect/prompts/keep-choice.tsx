/** Whether an answer is kept for later questions. Nothing is kept unless it is chosen. */
import { Label, Radio, RadioGroup } from "react-aria-components";
import type { Prompt } from "../../../electron/core/journal/events.ts";

export type Keep = "memory" | "keychain" | null;

const TEXTS = {
  nowhere: "Do not keep it",
  memory: "Keep it in memory for a while, until the screen is locked or bpfdesk ends",
  keychain: "Save it in this desktop's keychain",
} as const;

export function KeepChoice(props: { may_keep: Prompt["may_keep"]; value: Keep; onChange: (keep: Keep) => void }) {
  const { may_keep = [], value, onChange } = props;
  if (may_keep.length === 0) return null;
  return (
    <RadioGroup
      className="radio-group"
      value={value ?? "nowhere"}
      onChange={(chosen) => onChange(chosen === "memory" || chosen === "keychain" ? chosen : null)}
    >
      <Label>For later questions</Label>
      {(["nowhere", ...may_keep] as const).map((choice) => (
        <Radio key={choice} value={choice} className="radio">
          {TEXTS[choice]}
        </Radio>
      ))}
    </RadioGroup>
  );
}
