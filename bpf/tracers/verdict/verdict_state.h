/* SPDX-License-Identifier: Apache-2.0 */
/* A run of `verdict`, for the files that share it. */
#ifndef BPFDESK_VERDICT_STATE_H
#define BPFDESK_VERDICT_STATE_H

#include "verdict_targets.h"

struct verdict_hook_bpf;

struct verdict_state {
	struct targets targets;
	/* By naming: which verdicts flows are told of. */
	uint32_t told_slots[NAMINGS];
	/* Shared by all objects; made first. */
	struct {
		int flows, packets, told, dropping;
	} maps;
	bool has_maps;
	/* Where packets are freed; NULL when every verdict is seen, or when this kernel gives no reasons. */
	struct verdict_hook_bpf *hook;
	uint64_t hook_misses;
	/* The kernel counts how often programs run. */
	bool has_runs;
	/* Nothing is counted any more. */
	bool ending;
	uint64_t flow_count;
	/* When flows were read the last time, of the clock of bpf_ktime_get_ns(). */
	uint64_t flows_read_ns;
};

/* Gives an object's maps the shared ones; to be called before it is loaded. 0 or a negative errno. */
int share_maps(const struct verdict_state *state, struct bpf_object *object);

/* Counts the hooks' drops. What of them this kernel does not show is said in the schema line. */
void watch_hooks(struct run *run, struct verdict_state *state);
/* From now on their drops are counted, or no more. */
void count_in_hooks(struct verdict_state *state, bool counting);
/* Says it, when the kernel did not run that program for some packets that it freed. */
void judge_misses(struct run *run, struct verdict_state *state);
void unwatch_hooks(struct verdict_state *state);

/* Emits what has changed since the last time. */
void write_programs(struct run *run, struct verdict_state *state);
void write_hooks(struct run *run, struct verdict_state *state);
void read_qdiscs(struct run *run, struct verdict_state *state);
void write_flows(struct run *run, struct verdict_state *state);
int write_packet(void *context, void *data, size_t size);
/* Members of the summary. */
void write_summary_of(struct run *run, struct verdict_state *state, struct out *out);

#endif
