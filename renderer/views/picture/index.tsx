/** The picture: every hook of the node with its programs in the order the kernel runs them. */
import { Workflow } from "lucide-react";
import { defineView } from "../define.ts";
import Picture from "./picture.tsx";

export default defineView({
  id: "picture",
  title: "Picture",
  icon: Workflow,
  order: 10,
  scope: "node",
  place: "main",
  // Not fetched on its own: it is what everybody sees first.
  Component: Picture,
});
