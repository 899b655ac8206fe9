/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of a run of drops, as its user side keeps and writes them. */
#ifndef BPFDESK_DROPS_TABLES_H
#define BPFDESK_DROPS_TABLES_H

#include "cgroups.h"
#include "drop_reasons.h"
#include "drops.h"
#include "ksyms.h"
#include "owners.h"
#include "rows.h"
#include "tracer.h"

struct drops_bpf;

struct drops_state {
	struct drops_bpf *skeleton;
	struct btf *kernel;
	/* NULL where the kernel gives none. */
	struct drop_reasons *reasons;
	struct ksyms *syms;
	struct cgroups *cgroups;
	struct owners owners;
	/* Packets whose holder was not known, at the last look. */
	uint64_t unknown_holders;
	/* The tracer's own network namespace, whose devices it can name. */
	uint32_t own_netns;
	bool tell_noise;
	bool ending;
	struct rows causes, flows;
	uint64_t told_ns;
	/* Rows of flows that were given up. */
	uint64_t evicted;
};

/* "NOT_SPECIFIED", or null where the kernel gives no reasons. */
void write_reason(struct drops_state *state, struct out *out, uint32_t reason);
void write_location(struct drops_state *state, struct out *out, uint64_t location);
/* device, ifindex and netns. */
void write_place(struct drops_state *state, struct out *out, const char *device, uint32_t ifindex, uint32_t netns);
/* Is it no loss after all, from where it was dropped? `noise` is what the program said. */
enum drop_noise noise_of_place(struct drops_state *state, uint32_t noise, uint32_t reason, uint64_t location);
/* pid, comm, exe, uid and cgroup; null where they are not known. */
void write_holder(struct drops_state *state, struct out *out, const struct drop_holder *holder);
void write_noise(struct out *out, uint32_t noise);

int tables_begin(struct run *run, struct drops_state *state);
/* Emits what has changed since the last time; when the run ends, everything. */
int tables_tell(struct run *run, struct drops_state *state);
void tables_summary(struct drops_state *state, struct out *out);
void tables_end(struct drops_state *state);

#endif
