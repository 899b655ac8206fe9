/** One record with all it says: what each field means, lists and stacks in full. */
import { X } from "lucide-react";
import type { FieldInfo, RecordInfo } from "../../stores/traces/fields.ts";
import { copiedText, unitText, valueText } from "../../stores/traces/values.ts";
import { IconButton } from "../../ui/button.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { NodeText } from "../../ui/node-text.tsx";
import type { Row } from "./cells.tsx";

export function RecordDetails(props: {
  record: RecordInfo;
  infos: readonly FieldInfo[];
  row: Row;
  onClose: () => void;
}) {
  const { record, infos, row, onClose } = props;
  return (
    <aside className="split-side record-details" aria-label="Record">
      <div className="with-copy">
        <h3 className="grow">
          <NodeText text={record.title} />
        </h3>
        <CopyButton text={asJson(infos, row)} what="record as JSON" />
        <IconButton icon={X} label="Close" onPress={onClose} />
      </div>
      <dl className="facts">
        {infos.map((info, at) => (
          <Field key={info.name} info={info} value={row[at]} />
        ))}
      </dl>
    </aside>
  );
}

function Field({ info, value }: { info: FieldInfo; value: unknown }) {
  const unit = unitText(info);
  const text = valueText(info, value);
  return (
    <>
      <dt title={info.description}>
        <NodeText text={info.title} />
      </dt>
      <dd className="with-copy">
        {text === "" ? (
          <span className="muted">–</span>
        ) : (
          <span className="fact-value">
            <Value info={info} value={value} text={text} /> {unit}
          </span>
        )}
        {text === "" ? null : <CopyButton text={copiedText(info, value)} what={info.title} />}
      </dd>
    </>
  );
}

function Value({ info, value, text }: { info: FieldInfo; value: unknown; text: string }) {
  if (!Array.isArray(value)) return <NodeText text={text} mono={info.type !== "text"} />;
  return (
    <ol className={info.type === "stack" ? "frames mono" : "frames"}>
      {value.map((one, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a place in a fixed list is all the identity it has
        <li key={at}>
          <NodeText text={String(one)} />
        </li>
      ))}
    </ol>
  );
}

function asJson(infos: readonly FieldInfo[], row: Row): string {
  return JSON.stringify(Object.fromEntries(infos.map(({ name }, at) => [name, row[at]])), null, 2);
}
