/** One parameter of a tracer as a field: by its type, with its unit and bounds, and values of the picture to choose. */
import { ChevronDown } from "lucide-react";
import {
  Button as AriaButton,
  Checkbox,
  ComboBox,
  FieldError,
  Group,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  ListLayout,
  Popover,
  Radio,
  RadioGroup,
  Text,
  TextField,
  Virtualizer,
} from "react-aria-components";
import { visibleText } from "../../../electron/core/text/visible.ts";
import type { TracerParam } from "../../../electron/core/trace/manifest.ts";
import { boundsText } from "../../stores/traces/form.ts";
import { addToList, fitting, type Suggestion } from "../../stores/traces/suggestions.ts";
import { NodeText } from "../../ui/node-text.tsx";

const ROW = 26;
const SHOWN = 10;

interface ParamFieldProps {
  param: TracerParam;
  value: string;
  onChange: (value: string) => void;
  suggestions: readonly Suggestion[];
  problem: string | undefined;
}

export function ParamField(props: ParamFieldProps) {
  const { param, value, onChange, problem } = props;
  const label = param.required ? `${param.title} (needed)` : param.title;
  if (param.type === "bool") {
    return (
      <div className="field">
        <Checkbox
          className="check"
          isSelected={value === "true"}
          onChange={(on) => onChange(on ? "true" : "false")}
          aria-describedby={`param-${param.name}`}
        >
          {label}
        </Checkbox>
        <span className="help" id={`param-${param.name}`}>
          {param.description}
        </span>
      </div>
    );
  }
  if (param.type === "enum") return <EnumField {...props} label={label} />;
  const offered = props.suggestions.length > 0 ? props.suggestions : valuesOf(param);
  if (offered.length > 0) return <SuggestField {...props} label={label} suggestions={offered} />;
  return (
    <TextInput
      label={label}
      help={helpText(param)}
      value={value}
      onChange={onChange}
      problem={problem}
      numeric={param.type === "u64" || param.type === "f64"}
    />
  );
}

const valuesOf = (param: TracerParam): Suggestion[] => (param.values ?? []).map((value) => ({ value, text: "" }));

/** What it means, its bounds, and that several can be given. */
function helpText(param: TracerParam): string {
  const bounds = param.type === "u64" || param.type === "f64" ? boundsText(param) : "";
  const several = param.type === "list" ? "Several with commas between." : "";
  return [param.description, bounds === "" ? "" : `(${bounds})`, several].filter(Boolean).join(" ");
}

interface TextInputProps {
  label: string;
  help: string;
  value: string;
  onChange: (value: string) => void;
  problem: string | undefined;
  numeric?: boolean;
}

export function TextInput({ label, help, value, onChange, problem, numeric = false }: TextInputProps) {
  return (
    <TextField className="field" value={value} onChange={onChange} isInvalid={problem !== undefined}>
      <Label>{label}</Label>
      <Input
        className={numeric ? "input mono input-number" : "input"}
        inputMode={numeric ? "decimal" : "text"}
        spellCheck={false}
      />
      <FieldError className="field-error">{problem}</FieldError>
      <Text slot="description" className="help">
        {help}
      </Text>
    </TextField>
  );
}

function EnumField({ param, label, value, onChange, problem }: ParamFieldProps & { label: string }) {
  const open = param.required || param.default !== undefined ? [] : [""];
  return (
    <RadioGroup
      className="radio-group radio-row"
      value={value}
      onChange={onChange}
      isInvalid={problem !== undefined}
      orientation="horizontal"
    >
      <Label>{label}</Label>
      <div className="radio-choices">
        {[...open, ...(param.values ?? [])].map((one) => (
          <Radio key={one} value={one} className="radio">
            {one === "" ? "any" : one}
          </Radio>
        ))}
      </div>
      <FieldError className="field-error">{problem}</FieldError>
      <Text slot="description" className="help">
        {param.description}
      </Text>
    </RadioGroup>
  );
}

/** Text with values to choose from; in a list what is chosen takes the place of the word that was begun. */
function SuggestField(props: ParamFieldProps & { label: string }) {
  const { param, label, value, onChange, problem } = props;
  const isList = param.type === "list";
  const items = fitting(props.suggestions, value, isList);
  return (
    <ComboBox
      className="field"
      allowsCustomValue
      inputValue={value}
      onInputChange={onChange}
      onChange={(key) => {
        if (key !== null) onChange(isList ? addToList(value, String(key)) : String(key));
      }}
      // In a list the text is more than one of its values.
      value={isList || !items.some(({ id }) => id === value) ? null : value}
      items={items}
      menuTrigger="focus"
      isInvalid={problem !== undefined}
    >
      <Label>{label}</Label>
      <Group className="combo">
        <Input className="input mono" spellCheck={false} />
        <AriaButton className="icon-button" aria-label={`Values for ${param.title}`}>
          <ChevronDown size={14} aria-hidden />
        </AriaButton>
      </Group>
      <FieldError className="field-error">{problem}</FieldError>
      <Text slot="description" className="help">
        {helpText(param)}
      </Text>
      <Popover className="popover" offset={2}>
        <Virtualizer layout={ListLayout} layoutOptions={{ rowHeight: ROW }}>
          <ListBox className="list-box choice-list" style={{ height: Math.min(SHOWN, items.length) * ROW }}>
            {(item: Suggestion & { id: string }) => (
              <ListBoxItem id={item.id} textValue={visibleText(item.value)} className="list-item">
                <NodeText text={item.value} mono /> <NodeText text={item.text} className="muted ellipsis" titled />
              </ListBoxItem>
            )}
          </ListBox>
        </Virtualizer>
      </Popover>
    </ComboBox>
  );
}
