/* SPDX-License-Identifier: Apache-2.0 */
/* A run of `dns` as its own files see it. */
#ifndef BPFDESK_DNS_STATE_H
#define BPFDESK_DNS_STATE_H

#include "askers.h"
#include "cgroups.h"
#include "dns.meta.h"
#include "queries.h"
#include "streams.h"

struct dns_bpf;

enum outcome { OUTCOME_ANSWERED, OUTCOME_UNANSWERED, OUTCOME_MALFORMED, OUTCOME_OPEN, OUTCOME_UNKNOWN, OUTCOMES };

struct state {
	struct run *run;
	struct dns_bpf *skeleton;
	struct cgroups *cgroups;
	struct dns_queries *queries;
	struct dns_streams *streams;
	struct askers *askers;

	/* Parameters. */
	uint64_t unanswered_after_ns;
	uint16_t ports[DNS_PORTS];
	size_t port_count;
	const char *name;
	const char *cgroup;
	bool include_answers;
	bool problems_only;
	bool packets;
	bool filtered;

	/* By the kernel's control map. */
	uint32_t sample_every;
	/* What had no room in the ring, and the last moment at which that may have been. */
	uint64_t lost;
	uint64_t last_loss_ns;
	uint64_t last_packet_ns;
	bool detached;
	uint64_t outcomes[OUTCOMES];
	uint64_t strays;
	/* Of the message at hand. */
	struct dns_answers answers;
	struct dns_message message;
};

/* take.c: what comes out of the ring. */
int dns_take(void *context, void *data, size_t size);
/* A whole message, from a datagram or a stream. */
void dns_take_message(void *context, const struct dns_packet *packet, const struct process *process,
		      struct dns_bytes bytes);
/* Ends what waits too long; with `all` what waits at all. */
void dns_expire(struct state *state, bool all);

/* write.c: records. `answer` and `message` are NULL when there is none. */
void dns_write_query(struct state *state, const struct dns_query *query, enum outcome outcome,
		     const struct dns_packet *answer, const struct dns_message *message, const char *problem);
void dns_write_stray(struct state *state, const struct dns_packet *packet, const struct dns_message *message,
		     const char *why, uint64_t sent_ns);
void dns_write_packet(struct state *state, const struct dns_packet *packet, const struct dns_message *message,
		      struct dns_bytes bytes);
void dns_write_process(void *context, const struct asker *asker);
void dns_write_summary(struct run *run, struct out *out);

#endif
