/** The pieces an inspector page is made of: facts with copy, and sections that fold. */
import type { ReactNode } from "react";
import { CopyButton } from "../../ui/copy-button.tsx";
import { NodeText } from "../../ui/node-text.tsx";

/** A list of facts. */
export function Facts({ children }: { children: ReactNode }) {
  return <dl className="facts">{children}</dl>;
}

interface FactProps {
  name: string;
  /** Plain text of the fact, which can be copied. Null: not known, and the fact is left out. */
  value?: string | number | boolean | null;
  mono?: boolean;
  /** In place of the text, e.g. links. */
  children?: ReactNode;
}

export function Fact({ name, value, mono = false, children }: FactProps) {
  if (children === undefined && (value === null || value === undefined || value === "")) return null;
  const text = typeof value === "boolean" ? (value ? "yes" : "no") : String(value ?? "");
  return (
    <>
      <dt>{name}</dt>
      <dd className="with-copy">
        <span className="fact-value">{children ?? <NodeText text={text} mono={mono} />}</span>
        {value === null || value === undefined || typeof value === "boolean" ? null : (
          <CopyButton text={text} what={name} />
        )}
      </dd>
    </>
  );
}

/** A part of the page with a title; `count` stands behind it. */
export function Part(props: { title: string; count?: number; folded?: boolean; children: ReactNode }) {
  return (
    <details className="part" open={!props.folded}>
      <summary>
        <h3>
          {props.title} {props.count === undefined ? null : <span className="muted">{props.count}</span>}
        </h3>
      </summary>
      {props.children}
    </details>
  );
}
