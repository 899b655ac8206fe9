/** Why a command was run, in words, from what it is recorded as. */

const PURPOSES: Record<string, string> = {
  collect: "Collect everything about the datapath in one run",
  "collect-follow-up": "Read the code of programs that share a hook, to know what their verdicts can be",
  "read-sections": "Read counters and tables for a runbook",
  privileges: "See who the user is on the node and whether sudo gives root",
  "sudo-password": "See whether sudo takes the password; the password itself is never recorded",
  "sudo-terminal": "See whether sudo gives root on a terminal",
  "doas-password": "See whether doas takes the password; the password itself is never recorded",
  upload: "Lend the node a file for the time of this connection",
  "tools-probe": "See which bpftool the node has",
  "tools-prepare": "Find a private folder for what is lent",
  "tools-make_lib": "Make the folder for the libraries of the bpftool that is lent",
  "tools-unpack": "Unpack the bpftool that is lent",
  "tools-check": "Check that the lent bpftool arrived unchanged and runs",
  "tools-remove": "Remove what was lent",
  "tools-forget": "Remove the folder that was being made",
  probe: "See whether the connection still carries anything",
  "residue-inventory": "See what is on the node, to prove that it is left as it was found",
  "stop-leftovers": "Stop what earlier connections left, as chosen",
  "tracers-check": "See what the kernel offers the tracers",
  "change-ask": "See which interface this SSH session comes in by, for the plan of a change",
  "change-runs": "See how often the program runs, for the plan of a change",
  "change-pod": "See whether the pod answers",
  change: "Take one program off one hook as approved, with a way back",
  trace: "Run a tracer, as asked",
  "prog-xlated": "Disassemble a program",
};

/** `prog-xlated:102` → "Disassemble a program (102)"; a key without an entry is its own explanation. */
export function purposeOf(record_key: string): string {
  const [key = "", subject] = record_key.split(":", 2);
  const purpose = PURPOSES[key] ?? key.replaceAll("-", " ");
  return subject ? `${purpose} (${subject})` : purpose;
}
