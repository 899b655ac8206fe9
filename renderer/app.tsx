/** Which screen is shown: the link's trouble, the first screen, or the workspace of a node. */
import { useEffect } from "react";
import { openLink } from "./host/link.ts";

export function App() {
  useEffect(() => {
    void openLink();
  }, []);
  return <main>bpfdesk</main>;
}
