/** How to log in, when the SSH configuration does not say it already. Folded: most people never need it. */
import { Label, Radio, RadioGroup } from "react-aria-components";
import { Field } from "../ui/field.tsx";

export interface LoginOptions {
  /** Path, or empty. */
  identity_file: string;
  /** Null: chosen by what the host needs. */
  backend: "ssh2" | "openssh" | null;
}

export const noOptions: LoginOptions = { identity_file: "", backend: null };

export function LoginOptionsFields(props: { value: LoginOptions; onChange: (value: LoginOptions) => void }) {
  const { value, onChange } = props;
  return (
    <details className="more">
      <summary>Identity file and way to connect</summary>
      <div className="stack">
        <Field
          label="Private key file"
          placeholder="~/.ssh/id_ed25519"
          value={value.identity_file}
          onChange={(identity_file) => onChange({ ...value, identity_file })}
          mono
          help="Only the path. Without it: the agent and the keys of the SSH configuration."
        />
        <RadioGroup
          className="radio-group"
          value={value.backend ?? "auto"}
          onChange={(chosen) =>
            onChange({ ...value, backend: chosen === "ssh2" || chosen === "openssh" ? chosen : null })
          }
        >
          <Label>Connect by</Label>
          <Radio value="auto" className="radio">
            What the host needs
          </Radio>
          <Radio value="ssh2" className="radio">
            bpfdesk's own SSH
          </Radio>
          <Radio value="openssh" className="radio">
            The system's ssh (certificates, security keys, GSSAPI)
          </Radio>
        </RadioGroup>
      </div>
    </details>
  );
}
