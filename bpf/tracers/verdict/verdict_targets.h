/* SPDX-License-Identifier: Apache-2.0 */
/* Which programs are traced, and the hooks they are on. Attaches nothing. */
#ifndef BPFDESK_VERDICT_TARGETS_H
#define BPFDESK_VERDICT_TARGETS_H

#include "hooks.h"
#include "netns.h"
#include "tracer.h"
#include "verdict.h"
#include "verdict_names.h"

#define MAX_TARGETS 64
#define MAX_HOOKS 64

struct verdict_bpf;

struct target {
	uint32_t prog_id;
	/* enum bpf_prog_type */
	uint32_t type;
	/* Held, so that what it returned can be read to the end. -1: gone. */
	int fd;
	/* The whole name, from its BTF; as far as the kernel keeps it (15 bytes) when it has none. */
	char name[128];
	/* The name of its function in its BTF; empty: it has none. */
	char function[128];
	enum naming naming;
	/* 1 is run first; 0: not known. */
	uint32_t position;
	/* "clsact ingress pref 1 handle 0x1"; several with "; ". Empty: not known. */
	char place[256];
	/* Of the place: netkit shows its direction by the place alone. */
	uint8_t direction;
	bool netkit;

	/* Its verdicts are seen; otherwise only how often it ran. */
	bool exact;
	struct verdict_bpf *skeleton;
	uint64_t runs_before;
	uint64_t counts[VERDICT_SLOTS];
	uint64_t runs, misses;
	/* How many runs were said last, if any. */
	bool said;
	uint64_t said_runs;
};

/* One direction of one interface. */
struct hook {
	struct verdict_hook_key key;
	char ifname[IFNAMSIZ];
	/* It has a clsact (or ingress) qdisc now. */
	bool has_clsact;
	/* XDP run by the driver or by the hardware. */
	bool native;
	/* Packets freed because of it are counted; and it frees nothing else. */
	bool has_drops, is_complete;
	/* What that qdisc has counted of packets dropped, both directions together, modulo 2^32; a new one begins at 0. */
	uint32_t qdisc_now;
	/* By how much that has grown since the run began, and what was said last. */
	uint64_t qdisc_drops, qdisc_said;
	uint64_t drops, bytes, others;
	bool said;
};

/* Of each entry of the chosen hook; 0 for one that is no program. */
struct chain {
	uint32_t prog_ids[MAX_TARGETS];
	size_t count;
};

struct targets {
	struct netns netns;
	/* What an interface was chosen, or zero. */
	uint32_t ifindex;
	bool is_bond;
	uint8_t direction;
	bool xdp;
	/* The chosen hook also has filters that are no programs and can drop as well. */
	bool has_others;
	struct chain chain;
	/* Opened in that namespace; fd -1 when it is not. */
	struct rtnl rtnl;
	struct target list[MAX_TARGETS];
	size_t count;
	struct hook hooks[MAX_HOOKS];
	size_t hook_count;
};

/* Fills it from the parameters. 0, or what run_fail()/run_refuse_param() returned. */
int targets_choose(struct run *run, struct targets *targets);
/* Of an entry of the chosen interface: whether its hook is the chosen one. */
bool is_of_chosen_hook(const struct targets *targets, const struct hook_entry *entry);
/* Says it, when the chosen hook holds other programs than when it was looked at last. */
void chain_watch(struct run *run, struct targets *targets);
/* Closes everything; may be called twice. */
void targets_free(struct targets *targets);
/* Reads what the clsact (or ingress) qdiscs of the hooks dropped. 0 or a negative errno. */
int targets_read_qdiscs(struct targets *targets);
/* What programs ran and qdiscs dropped before now does not count. */
void targets_begin(struct targets *targets);

#endif
