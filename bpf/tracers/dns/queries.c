// SPDX-License-Identifier: Apache-2.0
/* The table of open queries: a hash by socket and id, a list by age. Places are numbers; 0 is none. */
#include <stdlib.h>
#include <string.h>

#include "queries.h"

#define BUCKETS 65536
/* What was asked and what is done: the later takes the place of the earlier. */
#define REMEMBERED 16384

struct asked {
	uint64_t hash;
	uint64_t time_ns;
	uint32_t attempt;
	bool answered;
};

struct done {
	uint64_t hash;
	uint64_t time_ns;
	bool answered;
};

struct dns_queries {
	size_t most;
	size_t touched;
	uint64_t window_ns;
	uint32_t free;
	uint32_t oldest;
	uint32_t newest;
	uint32_t buckets[BUCKETS];
	struct asked asked[REMEMBERED];
	struct done done[REMEMBERED];
	struct dns_query places[];
};

static uint64_t mix(uint64_t value)
{
	value ^= value >> 32;
	value *= UINT64_C(0xd6e8feb86659fd93);
	return value ^ value >> 32;
}

static uint64_t hash_of(const struct dns_packet *packet, uint16_t id)
{
	return mix(packet->cookie * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)(packet->flags & DNS_SERVER) << 40 ^
		   (uint64_t)packet->protocol << 32 ^ id);
}

static uint64_t hash_of_question(const struct dns_message *message)
{
	return message->has_question ? mix(dns_name_hash(&message->name) ^ (uint64_t)message->type << 48) : 0;
}

/* By whom and what: whatever socket and id it was asked with. */
static uint64_t hash_of_asked(const struct process *process, const struct dns_message *message)
{
	return mix(hash_of_question(message) ^ process->start_ns ^ (uint64_t)process->tgid << 20) | 1;
}

struct dns_queries *dns_queries_new(size_t most, uint64_t window_ns)
{
	/* Pages are touched when they are used first, so a large table costs nothing until it is needed. */
	struct dns_queries *queries = calloc(1, sizeof(*queries) + (most + 1) * sizeof(queries->places[0]));

	if (!queries)
		abort();
	queries->most = most;
	queries->window_ns = window_ns;
	return queries;
}

void dns_queries_free(struct dns_queries *queries)
{
	free(queries);
}

static bool same_question(const struct dns_query *query, const struct dns_message *message)
{
	return query->type == message->type && query->class == message->class &&
	       dns_same_name(&query->name, &message->name);
}

static struct dns_query *next_of(struct dns_queries *queries, uint32_t at, uint64_t hash)
{
	for (; at; at = queries->places[at].chained)
		if (queries->places[at].hash == hash)
			return &queries->places[at];
	return NULL;
}

struct dns_query *dns_queries_same(struct dns_queries *queries, const struct dns_packet *packet,
				   const struct dns_message *message)
{
	uint64_t hash = hash_of(packet, message->id);
	struct dns_query *query = next_of(queries, queries->buckets[hash % BUCKETS], hash);

	for (; query; query = next_of(queries, query->chained, hash))
		if (same_question(query, message) && query->packet.dport == packet->dport &&
		    query->packet.sport == packet->sport &&
		    !memcmp(query->packet.destination, packet->destination, sizeof(packet->destination)) &&
		    !memcmp(query->packet.source, packet->source, sizeof(packet->source)))
			return query;
	return NULL;
}

/* The answer comes from where the query went, as the socket or as the wire has it. */
static bool from_resolver(const struct dns_query *query, const struct dns_packet *answer)
{
	bool server = answer->flags & DNS_SERVER;
	/* What a server sends goes back to whoever asked. */
	const uint8_t *other = server ? answer->destination : answer->source;
	uint16_t port = server ? answer->dport : answer->sport;

	if (server)
		return query->packet.sport == port && !memcmp(query->packet.source, other, sizeof(query->packet.source));
	if (query->packet.dport == port && !memcmp(query->packet.destination, other, sizeof(query->packet.source)))
		return true;
	return query->packet.peer_port == port && !memcmp(query->packet.peer, other, sizeof(query->packet.peer));
}

struct dns_query *dns_queries_answered(struct dns_queries *queries, const struct dns_packet *packet,
				       const struct dns_message *message)
{
	uint64_t hash = hash_of(packet, message->id);
	struct dns_query *query = next_of(queries, queries->buckets[hash % BUCKETS], hash);
	struct dns_query *found = NULL;

	for (; query; query = next_of(queries, query->chained, hash)) {
		if (message->has_question && !same_question(query, message))
			continue;
		if (from_resolver(query, packet))
			return query;
		/* Its address was translated on one way only, which a socket that is not connected does not show. */
		if (!found && !(packet->flags & DNS_SERVER))
			found = query;
	}
	return found;
}

struct dns_query *dns_queries_add(struct dns_queries *queries, const struct dns_packet *packet,
				  const struct process *process, const struct dns_message *message)
{
	uint32_t at = queries->free;
	struct dns_query *query;
	struct asked *asked;
	uint64_t hash;

	if (at) {
		queries->free = queries->places[at].chained;
	} else if (queries->touched < queries->most) {
		at = (uint32_t)++queries->touched;
	} else {
		return NULL;
	}
	query = &queries->places[at];
	query->time_ns = query->last_ns = packet->time_ns;
	query->packet = *packet;
	query->has_process = process != NULL;
	if (process)
		query->process = *process;
	else
		memset(&query->process, 0, sizeof(query->process));
	query->retries = 0;
	query->attempt = 1;
	query->id = message->id;
	query->type = message->type;
	query->class = message->class;
	query->opcode = message->opcode;
	query->name.length = message->name.length;
	memcpy(query->name.bytes, message->name.bytes, message->name.length);

	query->hash = hash_of(packet, message->id);
	query->chained = queries->buckets[query->hash % BUCKETS];
	queries->buckets[query->hash % BUCKETS] = at;
	query->newer = 0;
	query->older = queries->newest;
	if (queries->newest)
		queries->places[queries->newest].newer = at;
	else
		queries->oldest = at;
	queries->newest = at;

	if (!process)
		return query;
	hash = hash_of_asked(process, message);
	asked = &queries->asked[hash % REMEMBERED];
	if (asked->hash == hash && !asked->answered && packet->time_ns - asked->time_ns < queries->window_ns)
		query->attempt = asked->attempt + 1;
	*asked = (struct asked){ .hash = hash, .time_ns = packet->time_ns, .attempt = query->attempt };
	return query;
}

struct dns_query *dns_queries_oldest(struct dns_queries *queries)
{
	return queries->oldest ? &queries->places[queries->oldest] : NULL;
}

void dns_queries_remove(struct dns_queries *queries, struct dns_query *query, bool answered)
{
	uint32_t at = (uint32_t)(query - queries->places);
	uint32_t *chain = &queries->buckets[query->hash % BUCKETS];
	struct dns_message question = { .has_question = true, .type = query->type, .name = query->name };
	struct done *done;

	while (*chain != at)
		chain = &queries->places[*chain].chained;
	*chain = query->chained;
	if (query->older)
		queries->places[query->older].newer = query->newer;
	else
		queries->oldest = query->newer;
	if (query->newer)
		queries->places[query->newer].older = query->older;
	else
		queries->newest = query->older;
	query->chained = queries->free;
	queries->free = at;

	done = &queries->done[query->hash % REMEMBERED];
	*done = (struct done){ query->hash ^ hash_of_question(&question), query->time_ns, answered };
	if (query->has_process && answered) {
		uint64_t hash = hash_of_asked(&query->process, &question);
		struct asked *asked = &queries->asked[hash % REMEMBERED];

		if (asked->hash == hash)
			asked->answered = true;
	}
}

enum dns_stray dns_queries_stray(struct dns_queries *queries, const struct dns_packet *packet,
				 const struct dns_message *message, uint64_t *sent_ns)
{
	uint64_t hash = hash_of(packet, message->id);
	const struct done *done = &queries->done[hash % REMEMBERED];

	*sent_ns = 0;
	if (!done->time_ns || done->hash != (hash ^ hash_of_question(message)))
		return DNS_STRAY_UNKNOWN;
	*sent_ns = done->time_ns;
	return done->answered ? DNS_STRAY_DUPLICATE : DNS_STRAY_LATE;
}
