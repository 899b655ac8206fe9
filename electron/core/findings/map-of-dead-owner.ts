/** Pinned maps of an agent that does not run any more: memory nobody uses. */
import { familyOfMapName, familyOfPin } from "../model/build/families.ts";
import { defineFinding } from "./define.ts";

export default defineFinding({
  id: "map-of-dead-owner",
  title: "A map whose owner is gone",
  examine({ node, maps, loose }) {
    const alive = new Set(node.agents.map((one) => one.family));
    const unused = new Set(loose.map((one) => one.what));
    return maps.flatMap((map) => {
      const [pin] = map.pinned;
      if (!unused.has(map.key) || pin === undefined) return [];
      const family = familyOfPin(pin) ?? familyOfMapName(map.name);
      if (family === null || alive.has(family)) return [];
      return [
        {
          id: "map-of-dead-owner",
          severity: "info" as const,
          subject: map.key,
          subject_name: map.name === "" ? `map ${map.id}` : `${map.name} (map ${map.id})`,
          evidence: [
            `pinned at ${pin}`,
            "no loaded program uses it and no process holds it",
            `no ${family} process runs on this node`,
            `bytes_memlock ${map.bytes_memlock ?? "unknown"}`,
          ],
          meaning: `The pin keeps this map in kernel memory although nothing on the node uses it. Its path or name says ${family}; that agent is not running now, and would use the map again if it came back.`,
          related: [],
        },
      ];
    });
  },
});
