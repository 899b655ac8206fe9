/* SPDX-License-Identifier: Apache-2.0 */
/* A run of connect, as its user side keeps it. */
#ifndef BPFDESK_CONNECT_STATE_H
#define BPFDESK_CONNECT_STATE_H

#include "cgroups.h"
#include "connect.h"
#include "owners.h"
#include "rows.h"
#include "tracer.h"

struct connect_bpf;
struct peers;

struct connect_state {
	struct connect_bpf *skeleton;
	struct cgroups *cgroups;
	struct owners owners;
	bool ending;
	/* NULL where the kernel does not list a map's entries to a program. */
	struct bpf_link *live_link;
	/* The connections that were open at the last look. */
	struct connect_event *live;
	size_t live_count;
	/* They were looked at in this tick, or never are. */
	bool looked;
	/* When to look next, ktime. */
	uint64_t next_live_ns;
	struct rows ended;
	struct peers *peers;
};

/* live.c: attaches the list of live connections; says what is missing without it (run_without). */
void live_begin(struct run *run, struct connect_state *state);
/* Reads it anew, unless that was done a moment ago or takes too much. */
int live_read(struct run *run, struct connect_state *state);
void live_end(struct connect_state *state);

/* peers.c: totals by owner and peer. */
int peers_begin(struct run *run, struct connect_state *state);
/* Tells those that have changed; when the run ends, all of them. */
int peers_tell(struct run *run, struct connect_state *state);
void peers_summary(struct connect_state *state, struct out *out);
void peers_end(struct connect_state *state);

/* connect.c: one connection as a record. */
void tell_connection(struct run *run, struct connect_state *state, const struct connect_event *event);
const char *direction_name(uint8_t direction);

#endif
