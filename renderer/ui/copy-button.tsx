/** A small button that copies one value. */
import { Copy } from "lucide-react";
import { copyText } from "../stores/notice.ts";
import { IconButton } from "./button.tsx";

export function CopyButton({ text, what }: { text: string; what: string }) {
  return <IconButton icon={Copy} label={`Copy ${what}`} onPress={() => void copyText(text, what)} />;
}
