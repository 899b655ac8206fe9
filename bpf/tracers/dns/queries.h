/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queries that wait for their answer, oldest first. Bounded; made once, nothing is allocated for a query. Also knows
 * what was asked and answered a moment ago, to tell an attempt from a first question and a late answer from a strange one.
 */
#ifndef BPFDESK_DNS_QUERIES_H
#define BPFDESK_DNS_QUERIES_H

#include "dns.h"
#include "message.h"

struct dns_query {
	/* When it was first sent (or received, by a server), and when its last copy was. */
	uint64_t time_ns;
	uint64_t last_ns;
	uint64_t hash;
	/* Its first packet. */
	struct dns_packet packet;
	/* Zero when it is not known. */
	struct process process;
	bool has_process;
	/* Copies of the same message on the same socket. */
	uint32_t retries;
	/* 1, or more when this process has asked the same before and waits still. */
	uint32_t attempt;
	uint16_t id;
	uint16_t type;
	uint16_t class;
	uint8_t opcode;
	struct dns_name name;
	/* Of the table. */
	uint32_t chained;
	uint32_t older;
	uint32_t newer;
};

struct dns_queries;

/* `window_ns`: how long an earlier question counts. */
struct dns_queries *dns_queries_new(size_t most, uint64_t window_ns);
void dns_queries_free(struct dns_queries *queries);

/* The same message on the same socket to the same resolver, or NULL. */
struct dns_query *dns_queries_same(struct dns_queries *queries, const struct dns_packet *packet,
				   const struct dns_message *message);
/*
 * Which query a message answers, or NULL: same socket, id and question (whatever the case of its letters; a server may
 * leave it out). Of several with other resolvers that of the sender.
 */
struct dns_query *dns_queries_answered(struct dns_queries *queries, const struct dns_packet *packet,
				       const struct dns_message *message);
/* NULL when the table is full: take out the oldest first. */
struct dns_query *dns_queries_add(struct dns_queries *queries, const struct dns_packet *packet,
				  const struct process *process, const struct dns_message *message);
struct dns_query *dns_queries_oldest(struct dns_queries *queries);
/* `answered`: an answer came. The query stays readable until the next is added. */
void dns_queries_remove(struct dns_queries *queries, struct dns_query *query, bool answered);

enum dns_stray { DNS_STRAY_UNKNOWN, DNS_STRAY_DUPLICATE, DNS_STRAY_LATE };
/* Why an answer answers nothing; `*sent_ns` is when the query was sent, 0 when that is not known. */
enum dns_stray dns_queries_stray(struct dns_queries *queries, const struct dns_packet *packet,
				 const struct dns_message *message, uint64_t *sent_ns);

#endif
