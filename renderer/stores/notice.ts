/** One line for the person, e.g. "Copied 12 rows" or why a request failed. The newest wins. */
import { createStore } from "zustand/vanilla";

export interface Notice {
  kind: "done" | "error";
  text: string;
  hint: string;
}

export const noticeStore = createStore<{ notice: Notice | null; nonce: number }>(() => ({ notice: null, nonce: 0 }));

/** Shows a notice in place of the one before. */
export function notify(notice: Notice): void {
  noticeStore.setState((state) => ({ notice, nonce: state.nonce + 1 }));
}

/** Takes the notice away. */
export function dismissNotice(): void {
  noticeStore.setState({ notice: null });
}

/** Copies text and says so. */
export async function copyText(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    notify({ kind: "done", text: `Copied ${what}`, hint: "" });
  } catch {
    notify({ kind: "error", text: "The clipboard is not available to this page.", hint: "" });
  }
}
