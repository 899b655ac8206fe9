/** What the picture's signs and keys mean. */
const SIGNS: readonly [string, string][] = [
  ["1 2 3", "place in the order the kernel runs the hook's programs, across tcx and clsact"],
  ["UNSPEC →", "the verdict that lets the next program run"],
  ["→ stack, device, peer", "where a packet goes that passes the whole hook"],
  ["OK → stack · SHOT → drop", "what the other verdicts do on this mechanism; +n: further verdicts"],
  ["hatched, struck, “never runs”", "the kernel cannot reach this program; the reason is on its card"],
  ["dotted, “may not run”", "the evidence does not say whether it runs"],
  ["⤷ n tail calls", "programs reached through prog arrays; opens as a graph, dashed lines go back"],
  ["+ came, − went, ~ changed", "against the picture before the last refresh"],
  [
    "pod → out, out → pod",
    "the direction as the pod sees it: on the node's end of a pair, ingress is what the pod sends",
  ],
];

const KEYS: readonly [string, string][] = [
  ["← →", "along the hooks in packet order"],
  ["↑ ↓ PageUp PageDown", "between rows"],
  ["Enter", "select, shown in the inspector"],
  ["Space", "open or close tail calls, a group"],
  ["m / M", "maps of this program / of all"],
  ["f", "the finding of this box"],
  ["n / p", "next or previous finding"],
  ["Ctrl + − 0, Ctrl wheel", "zoom"],
];

export function Legend() {
  return (
    <>
      <h3>Signs</h3>
      <List rows={SIGNS} />
      <h3>Keys</h3>
      <List rows={KEYS} />
    </>
  );
}

function List({ rows }: { rows: readonly [string, string][] }) {
  return (
    <dl>
      {rows.map(([sign, meaning]) => (
        <div key={sign}>
          <dt>{sign}</dt>
          <dd>{meaning}</dd>
        </div>
      ))}
    </dl>
  );
}
