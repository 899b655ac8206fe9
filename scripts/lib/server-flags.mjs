/**
 * How Node runs the browser server. A small young generation: reading a large node makes much that is soon
 * garbage, and Node would keep the room it once took for it (60 MB of a node with 1,000 interfaces) for ever.
 * Measured to take no longer.
 */
export const serverFlags = ["--max-semi-space-size=8"];
