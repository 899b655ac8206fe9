/** A labelled text field. */
import { Input, Label, Text, TextField, type TextFieldProps } from "react-aria-components";

export interface FieldProps extends Omit<TextFieldProps, "children" | "className" | "style"> {
  label: string;
  placeholder?: string;
  help?: string;
  mono?: boolean;
}

export function Field({ label, placeholder, help, mono = false, ...props }: FieldProps) {
  return (
    <TextField {...props} className="field">
      <Label>{label}</Label>
      <Input className={mono ? "input mono" : "input"} {...(placeholder === undefined ? {} : { placeholder })} />
      {help ? (
        <Text slot="description" className="help">
          {help}
        </Text>
      ) : null}
    </TextField>
  );
}
