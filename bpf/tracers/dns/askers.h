/* SPDX-License-Identifier: Apache-2.0 */
/* What each process asked in all: records of kind total. */
#ifndef BPFDESK_DNS_ASKERS_H
#define BPFDESK_DNS_ASKERS_H

#include "cgroups.h"
#include "dns.h"
#include "message.h"

struct asker {
	struct process process;
	/* Over UDP, as the kernel side counts: complete whatever is left out. */
	struct dns_process_total udp;
	/* Over TCP, and what only the user side can know. */
	uint64_t tcp_queries, tcp_answers, tcp_nxdomain, tcp_failed;
	uint64_t unanswered;
	bool forwarder;
	bool changed;
	uint64_t last_ns;
	/* Different names: a register for each of so many parts of the hash (HyperLogLog). */
	uint8_t *names;
	struct asker *chained;
};

struct askers;

struct askers *askers_new(struct run *run, int totals_fd);
void askers_free(struct askers *askers);
struct asker *askers_of(struct askers *askers, const struct process *process);
void asker_add_name(struct asker *asker, const struct dns_name *name);
/* About how many different names it asked for; exact for few. */
uint64_t asker_names(const struct asker *asker);
/* Reads the kernel's table. */
void askers_read(struct askers *askers);
/* Calls `each` for those that changed since the last time, or for `all`. */
void askers_each(struct askers *askers, bool all, void (*each)(void *context, const struct asker *asker), void *context);
/* The `most` that asked most, in that order. Returns how many; the array is valid until the next call. */
size_t askers_top(struct askers *askers, size_t most, const struct asker ***found);

#endif
