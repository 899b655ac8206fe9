/**
 * The text of `bpftool prog dump xlated`: its colours, and which calls in it are worth marking.
 * Pure data and functions; does not import the editor.
 */

/** Why a line is marked. */
export type CallKind = "tail_call" | "packet" | "verdict" | "map" | "danger";

export interface MarkedCall {
  /** From 1. */
  line: number;
  kind: CallKind;
  /** The helper's name, e.g. `bpf_skb_store_bytes`. */
  helper: string;
}

export const CALL_MEANINGS: Record<CallKind, string> = {
  tail_call: "Jumps to a program in a prog array; comes back only when the slot is empty.",
  packet: "Changes the packet or its metadata.",
  verdict: "Sends the packet elsewhere.",
  map: "Changes a map.",
  danger: "Acts on a process or a function from outside.",
};

// Names as in include/uapi/linux/bpf.h, FN(…) list. Order matters: the first that fits decides.
const KINDS: readonly { kind: CallKind; names: RegExp }[] = [
  { kind: "tail_call", names: /^bpf_tail_call(_static)?$/ },
  {
    kind: "verdict",
    names:
      /^bpf_(clone_redirect|redirect(_map|_neigh|_peer)?|sk_redirect_(map|hash)|msg_redirect_(map|hash)|sk_assign)$/,
  },
  {
    kind: "packet",
    names:
      /^bpf_(skb_(store_bytes|change_(proto|type|tail|head)|adjust_room|vlan_(push|pop)|set_tunnel_(key|opt)|set_tstamp|ecn_set_ce)|l[34]_csum_replace|csum_update|set_hash(_invalid)?|xdp_(adjust_(head|meta|tail)|store_bytes)|lwt_(push_encap|seg6_\w+)|msg_(push|pop)_data|store_hdr_opt)$/,
  },
  {
    kind: "map",
    names:
      /^(bpf_map_(update|delete|push|pop)_elem|__?(htab|array)\w*_map_(update|delete)_elem|\w*map_(update|delete)_elem)$/,
  },
  { kind: "danger", names: /^bpf_(probe_write_user|override_return|send_signal(_thread)?|setsockopt)$/ },
];

/** Calls worth a look, in order. A line is `  12: (85) call bpf_skb_store_bytes#9`. */
export function markedCalls(text: string): MarkedCall[] {
  return text.split("\n").flatMap((line, at) => {
    const helper = /^\s*\d+: \(85\) call ([A-Za-z_]\w*)/.exec(line)?.[1];
    const kind = helper === undefined ? undefined : KINDS.find(({ names }) => names.test(helper))?.kind;
    return helper === undefined || kind === undefined ? [] : [{ line: at + 1, kind, helper }];
  });
}

/** Monarch rules, as data: monaco.ts gives them to the editor. */
export const xlatedLanguage = {
  tokenizer: {
    root: [
      [/^;.*$/, "comment"],
      [/^\w.*:$/, "type"],
      [/^\s*\d+:/, "line"],
      [/\([0-9a-f]{2}\)/, "opcode"],
      [/\b(call)(\s+)(bpf_tail_call\w*)(#-?\d+)?/, ["keyword", "white", "tailcall", "number"]],
      [/\b(call)(\s+)([A-Za-z_]\w*)(#-?\d+)?/, ["keyword", "white", "helper", "number"]],
      [/\bmap\[[^\]]*\](\[\d+\])?(\+\d+)?/, "map"],
      [/\b(if|goto|exit|lock|call)\b/, "keyword"],
      [/\bpc[+-]\d+\b/, "jump"],
      [/\b[rw](10|[0-9])\b/, "register"],
      [/\bu(8|16|32|64)\b/, "size"],
      [/-?\b0x[0-9a-f]+\b/, "number"],
      [/-?\b\d+\b/, "number"],
    ],
  },
};
