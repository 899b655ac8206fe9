// SPDX-License-Identifier: Apache-2.0
/* What the programs tell, joined to queries: with its answer, with the news that none came, or with what is wrong. */
#include <linux/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "exe.h"
#include "state.h"

/* The name itself, or one below it. */
static bool name_wanted(const struct state *state, const struct dns_message *message)
{
	char text[DNS_NAME_TEXT];
	size_t length, wanted;

	if (!state->name)
		return true;
	if (!message->has_question)
		return false;
	dns_name_text(&message->name, text);
	length = strlen(text);
	wanted = strlen(state->name);
	if (length < wanted || strcasecmp(text + length - wanted, state->name))
		return false;
	return length == wanted || text[length - wanted - 1] == '.';
}

static bool cgroup_wanted(struct state *state, const struct process *process)
{
	static struct {
		uint64_t id;
		bool wanted;
	} known[256];
	uint64_t id = process ? process->cgroup_id : 0;
	const char *path;

	if (!state->cgroup)
		return true;
	if (!id)
		return false;
	if (known[id % 256].id == id)
		return known[id % 256].wanted;
	path = cgroups_path(state->cgroups, id);
	known[id % 256].id = id;
	known[id % 256].wanted = path && strstr(path, state->cgroup);
	return known[id % 256].wanted;
}

static struct asker *asker_of(struct state *state, const struct dns_packet *packet, const struct process *process)
{
	struct asker *asker;

	if (!process || packet->flags & DNS_SERVER)
		return NULL;
	/* It may be gone when there is an answer: its binary's path is looked up now and remembered. */
	exe_path(process);
	asker = askers_of(state->askers, process);
	if (!asker)
		return NULL;
	asker->forwarder = asker->forwarder || packet->flags & DNS_FORWARDER;
	return asker;
}

static void end_query(struct state *state, struct dns_query *query, enum outcome outcome, const char *problem)
{
	struct asker *asker;

	dns_write_query(state, query, outcome, NULL, NULL, problem);
	if (outcome == OUTCOME_UNANSWERED &&
	    (asker = asker_of(state, &query->packet, query->has_process ? &query->process : NULL))) {
		asker->unanswered++;
		asker->changed = true;
	}
	dns_queries_remove(state->queries, query, false);
}

static void take_query(struct state *state, const struct dns_packet *packet, const struct process *process,
		       const struct dns_message *message)
{
	struct asker *asker = asker_of(state, packet, process);
	struct dns_query *query;

	if (asker) {
		asker->last_ns = packet->time_ns;
		if (packet->protocol == IPPROTO_TCP) {
			asker->tcp_queries++;
			asker->changed = true;
		}
		if (message->has_question)
			asker_add_name(asker, &message->name);
	}
	if (!name_wanted(state, message) || !cgroup_wanted(state, process))
		return;
	if (message->problem || message->cut || !message->has_question || message->response) {
		struct dns_query wrong = { .time_ns = packet->time_ns, .packet = *packet, .attempt = 1 };

		if (process)
			wrong.process = *process;
		wrong.has_process = process != NULL;
		wrong.id = message->id;
		wrong.opcode = message->opcode;
		dns_write_query(state, &wrong, OUTCOME_MALFORMED, NULL, NULL,
				message->problem    ? message->problem :
				message->cut	    ? "longer than what is looked at" :
				message->response   ? "an answer that is sent like a query" :
						      "no question");
		return;
	}
	query = dns_queries_same(state->queries, packet, message);
	if (query) {
		query->retries++;
		query->last_ns = packet->time_ns;
		return;
	}
	if (!dns_queries_add(state->queries, packet, process, message)) {
		run_count_evicted(state->run, 1);
		end_query(state, dns_queries_oldest(state->queries), OUTCOME_UNKNOWN,
			  "more queries were open than can be kept");
		dns_queries_add(state->queries, packet, process, message);
	}
}

static void count_tcp_answer(struct state *state, const struct dns_packet *packet, const struct dns_query *query,
			     const struct dns_message *message)
{
	struct asker *asker = asker_of(state, packet, query->has_process ? &query->process : NULL);

	if (!asker || packet->protocol != IPPROTO_TCP)
		return;
	asker->tcp_answers++;
	if ((message->rcode & 15) == 3)
		asker->tcp_nxdomain++;
	else if (message->rcode & 15)
		asker->tcp_failed++;
	asker->changed = true;
}

static void take_stray(struct state *state, const struct dns_packet *packet, const struct dns_message *message)
{
	static const char *const words[] = {
		[DNS_STRAY_UNKNOWN] = "unknown",
		[DNS_STRAY_DUPLICATE] = "duplicate",
		[DNS_STRAY_LATE] = "late",
	};
	uint64_t sent_ns;
	enum dns_stray why = dns_queries_stray(state->queries, packet, message, &sent_ns);

	/* With a filter, most answers belong to queries that were not wanted; those that are known were. */
	if (state->filtered && why == DNS_STRAY_UNKNOWN)
		return;
	state->strays++;
	dns_write_stray(state, packet, message, message->problem ? "malformed" : words[why], sent_ns);
}

static void take_answer(struct state *state, const struct dns_packet *packet, const struct process *process,
			struct dns_bytes bytes)
{
	struct dns_message *message = &state->message;
	struct dns_query *query = NULL;

	/* Less than an id cannot be joined to anything. */
	if (bytes.kept >= 2) {
		if (bytes.kept < 12)
			message->id = (uint16_t)(bytes.at[0] << 8 | bytes.at[1]);
		query = dns_queries_answered(state->queries, packet, message);
	}
	if (!query || (!message->response && !message->problem)) {
		take_stray(state, packet, message);
		return;
	}
	state->answers.count = 0;
	state->answers.has_ttl = false;
	state->answers.complete = true;
	if (!message->problem && !message->cut)
		dns_read_answers(message, bytes, &state->answers);
	else
		state->answers.complete = false;
	/* A server is known by what it sends. */
	if (packet->flags & DNS_SERVER && process) {
		query->process = *process;
		query->has_process = true;
	}
	count_tcp_answer(state, packet, query, message);
	dns_write_query(state, query, message->problem ? OUTCOME_MALFORMED : OUTCOME_ANSWERED, packet, message,
			message->problem);
	dns_queries_remove(state->queries, query, true);
}

void dns_take_message(void *context, const struct dns_packet *packet, const struct process *process,
		      struct dns_bytes bytes)
{
	struct state *state = context;
	/* A client sends queries and a server receives them. */
	bool query = !(packet->flags & DNS_EGRESS) != !(packet->flags & DNS_SERVER);

	dns_read_message(&state->message, bytes);
	if (state->packets && name_wanted(state, &state->message))
		dns_write_packet(state, packet, &state->message, bytes);
	if (query)
		take_query(state, packet, process, &state->message);
	else
		take_answer(state, packet, process, bytes);
}

int dns_take(void *context, void *data, size_t size)
{
	struct state *state = context;
	const struct dns_packet *packet = data;
	const struct process *process = NULL;
	const uint8_t *bytes = (const uint8_t *)(packet + 1);

	if (packet->flags & DNS_HAS_PROCESS) {
		process = (const struct process *)bytes;
		bytes += sizeof(*process);
	}
	state->last_packet_ns = packet->time_ns;
	if (packet->protocol == IPPROTO_TCP)
		dns_streams_take(state->streams, packet, process, bytes);
	else
		dns_take_message(state, packet, process, (struct dns_bytes){ bytes, packet->kept, packet->length });
	return 0;
}

void dns_expire(struct state *state, bool all)
{
	uint64_t now = all || run_caught_up(state->run) ? ktime_now() : state->last_packet_ns;
	struct dns_query *query;

	while ((query = dns_queries_oldest(state->queries))) {
		bool old = now > query->time_ns && now - query->time_ns >= state->unanswered_after_ns;

		if (!old && !all)
			break;
		if (query->packet.protocol == IPPROTO_UDP && state->sample_every > 1 &&
		    dns_thin_hash(query->packet.cookie, __builtin_bswap16(query->id)) % state->sample_every)
			/* It was sent before its like was left out: its answer would not be told. */
			end_query(state, query, OUTCOME_UNKNOWN, "answers are left out to stay within the budget");
		else if (query->time_ns <= state->last_loss_ns)
			end_query(state, query, OUTCOME_UNKNOWN, "messages were lost meanwhile");
		else if (old)
			end_query(state, query, OUTCOME_UNANSWERED, NULL);
		else
			end_query(state, query, OUTCOME_OPEN, "it had no answer yet when the run ended");
	}
}
