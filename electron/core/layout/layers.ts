/**
 * Places boxes of a graph whose layers are already known: order within a layer by barycentre, then
 * positions by isotonic regression (pool adjacent violators).
 *
 * Layers come from call depth, so the two hard parts of general graph layout (layering, and dummy
 * nodes for long edges) do not arise. Deterministic: ties keep the order they came in.
 */

export interface LayerNode {
  id: number;
  layer: number;
  height: number;
}

const SWEEPS = 4;

/**
 * @param nodes in a stable order.
 * @param edges pairs of ids; only those between neighbouring layers pull.
 * @param space free pixels between boxes of a layer.
 * @returns id → top edge, the smallest being 0.
 */
export function placeLayers(
  nodes: readonly LayerNode[],
  edges: readonly (readonly [number, number])[],
  space: number,
): Map<number, number> {
  const layerOf = new Map(nodes.map((node) => [node.id, node.layer]));
  const before = new Map<number, number[]>();
  const after = new Map<number, number[]>();
  for (const [from, to] of edges) {
    const step = (layerOf.get(to) ?? 0) - (layerOf.get(from) ?? 0);
    if (step !== 1) continue;
    push(after, from, to);
    push(before, to, from);
  }
  const layers: LayerNode[][] = [];
  for (const node of nodes) {
    const layer = layers[node.layer];
    if (layer) layer.push(node);
    else layers[node.layer] = [node];
  }
  const top = new Map<number, number>();
  const stack = (layer: LayerNode[]) => {
    let y = 0;
    for (const node of layer) {
      top.set(node.id, y);
      y += node.height + space;
    }
  };
  const filled = layers.filter((layer) => layer !== undefined);
  for (const layer of filled) stack(layer);
  const heights = new Map(nodes.map((node) => [node.id, node.height]));
  const middle = (id: number) => (top.get(id) ?? 0) + (heights.get(id) ?? 0) / 2;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const down = sweep % 2 === 0;
    const neighbours = down ? before : after;
    for (const layer of down ? filled : filled.toReversed()) {
      const wish = new Map(layer.map((node) => [node.id, mean(neighbours.get(node.id), middle) ?? middle(node.id)]));
      layer.sort((a, b) => (wish.get(a.id) ?? 0) - (wish.get(b.id) ?? 0));
      settle(layer, wish, space, top);
    }
  }
  const least = Math.min(...top.values(), Number.POSITIVE_INFINITY);
  return new Map([...top].map(([id, y]) => [id, Math.round(y - least)]));
}

/** Moves the boxes of one layer as near to their wishes (centres) as their order and size allow. */
function settle(layer: LayerNode[], wish: Map<number, number>, space: number, top: Map<number, number>): void {
  const blocks: { sum: number; count: number }[] = [];
  const offsets: number[] = [];
  let offset = 0;
  for (const node of layer) {
    offsets.push(offset);
    // With offsets taken out, "no overlap" becomes "not decreasing".
    let block = { sum: (wish.get(node.id) ?? 0) - node.height / 2 - offset, count: 1 };
    offset += node.height + space;
    for (let last = blocks.at(-1); last && last.sum / last.count > block.sum / block.count; last = blocks.at(-1)) {
      blocks.pop();
      block = { sum: last.sum + block.sum, count: last.count + block.count };
    }
    blocks.push(block);
  }
  let at = 0;
  for (const block of blocks)
    for (let inside = 0; inside < block.count; inside++, at++) {
      const node = layer[at];
      if (node) top.set(node.id, block.sum / block.count + (offsets[at] ?? 0));
    }
}

function mean(ids: number[] | undefined, value: (id: number) => number): number | null {
  return ids && ids.length > 0 ? ids.reduce((sum, id) => sum + value(id), 0) / ids.length : null;
}

function push(map: Map<number, number[]>, key: number, value: number): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
