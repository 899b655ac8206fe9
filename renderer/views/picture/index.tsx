/** The picture: every hook of the node with its programs in the order the kernel runs them. */
import { Workflow } from "lucide-react";
import { lazy } from "react";
import { defineView } from "../define.ts";

export default defineView({
  id: "picture",
  title: "Picture",
  icon: Workflow,
  order: 10,
  scope: "node",
  place: "main",
  Component: lazy(() => import("./picture.tsx")),
});
