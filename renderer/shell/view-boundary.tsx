/** A view that fails takes only its own panel down, and says so. */
import { Component, type ReactNode } from "react";
import { Button } from "../ui/button.tsx";
import { ErrorBlock } from "../ui/message.tsx";

export class ViewBoundary extends Component<{ title: string; children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <ErrorBlock
        error={{
          code: "view-failed",
          message: `The view ${this.props.title} made a mistake and was stopped.`,
          hint: "The other views go on. Open it again, and please report it.",
          cause: error.stack ?? error.message,
        }}
        actions={<Button onPress={() => this.setState({ error: null })}>Open again</Button>}
      />
    );
  }
}
