// SPDX-License-Identifier: Apache-2.0
/* The records of `dns`. */
#include <linux/in.h>
#include <string.h>
#include <sys/socket.h>

#include "exe.h"
#include "state.h"

/* Of the summary. */
#define TOP 100

static const char *const outcomes[] = {
	[OUTCOME_ANSWERED] = "answered", [OUTCOME_UNANSWERED] = "unanswered", [OUTCOME_MALFORMED] = "malformed",
	[OUTCOME_OPEN] = "open",	 [OUTCOME_UNKNOWN] = "unknown",
};

static void write_ip(struct out *out, const char *name, const struct dns_packet *packet, const uint8_t *address)
{
	out_ip(out, name, packet->version == 4 ? AF_INET : AF_INET6, address);
}

static void write_text_or_null(struct out *out, const char *name, const char *text)
{
	if (text)
		out_str(out, name, text);
	else
		out_null(out, name);
}

static void write_process(struct state *state, struct out *out, const struct process *process)
{
	if (!process) {
		for (const char *const *name = (const char *[]){ "pid", "tid", "comm", "exe", "cgroup", NULL }; *name; name++)
			out_null(out, *name);
		return;
	}
	out_u64(out, "pid", process->tgid);
	out_u64(out, "tid", process->tid);
	out_text(out, "comm", process->comm, sizeof(process->comm));
	out_str(out, "exe", exe_path(process));
	cgroups_write(state->cgroups, out, "cgroup", process->cgroup_id);
}

static void write_name(struct out *out, const struct dns_name *name)
{
	char text[DNS_NAME_TEXT];

	dns_name_text(name, text);
	out_str(out, "name", text);
}

/* Who asked and who was asked, as the asking socket has it. */
static void write_ends(struct out *out, const struct dns_query *query, const struct dns_packet *answer)
{
	const struct dns_packet *packet = &query->packet;
	const uint8_t *resolver = packet->destination;
	uint16_t port = packet->dport;

	if (!(packet->flags & DNS_SERVER) && packet->peer_port) {
		resolver = packet->peer;
		port = packet->peer_port;
	} else if (!(packet->flags & DNS_SERVER) && answer) {
		/* What the packet's address was translated to is translated back in the answer. */
		resolver = answer->source;
		port = answer->sport;
	}
	write_ip(out, "resolver", packet, resolver);
	out_u64(out, "resolver_port", port);
	write_ip(out, "client", packet, packet->source);
	out_u64(out, "client_port", packet->sport);
}

static void write_answers(struct state *state, struct out *out, const struct dns_message *message)
{
	const struct dns_answers *answers = &state->answers;
	bool told = message && state->include_answers;

	if (told) {
		out_begin_list(out, "answers");
		for (size_t i = 0; i < answers->count; i++)
			out_str(out, NULL, answers->text + answers->starts[i]);
		out_end_list(out);
	} else {
		out_null(out, "answers");
	}
	if (message)
		out_u64(out, "answer_count", message->counts[1]);
	else
		out_null(out, "answer_count");
	if (message && answers->has_ttl)
		out_u64(out, "ttl", answers->min_ttl);
	else
		out_null(out, "ttl");
}

void dns_write_query(struct state *state, const struct dns_query *query, enum outcome outcome,
		     const struct dns_packet *answer, const struct dns_message *message, const char *problem)
{
	bool known = query->name.length > 0;
	char room[16];
	struct out *out;

	state->outcomes[outcome]++;
	if (state->problems_only && outcome == OUTCOME_ANSWERED && !message->rcode && !message->truncated &&
	    !query->retries && query->attempt == 1)
		return;
	out = emit(state->run, DNS_QUERY);
	out_u64(out, "time_us", epoch_us(state->run, query->time_ns));
	out_str(out, "outcome", outcomes[outcome]);
	if (known) {
		write_name(out, &query->name);
		out_str(out, "type", dns_type_text(query->type, room));
		if (query->class == 1)
			out_null(out, "class");
		else
			out_str(out, "class", dns_class_text(query->class, room));
	} else {
		out_null(out, "name");
		out_null(out, "type");
		out_null(out, "class");
	}
	write_text_or_null(out, "rcode", message ? dns_rcode_text(message->rcode, room) : NULL);
	write_answers(state, out, message);
	if (answer)
		out_u64(out, "latency_us", (answer->time_ns - query->time_ns) / 1000);
	else
		out_null(out, "latency_us");
	write_process(state, out, query->has_process ? &query->process : NULL);
	out_u64(out, "netns", query->packet.netns);
	write_ends(out, query, answer);
	out_str(out, "transport", query->packet.protocol == IPPROTO_TCP ? "tcp" : "udp");
	out_u64(out, "transaction", query->id);
	out_bool(out, "truncated", message && message->truncated);
	out_u64(out, "retries", query->retries);
	out_u64(out, "attempt", query->attempt);
	out_str(out, "role", query->packet.flags & DNS_SERVER ? "server" : "client");
	out_bool(out, "forwarder", query->packet.flags & DNS_FORWARDER);
	write_text_or_null(out, "opcode", query->opcode ? dns_opcode_text(query->opcode, room) : NULL);
	write_text_or_null(out, "problem", problem);
	emit_end(state->run);
}

void dns_write_stray(struct state *state, const struct dns_packet *packet, const struct dns_message *message,
		     const char *why, uint64_t sent_ns)
{
	struct out *out = emit(state->run, DNS_STRAY);
	char room[16];

	out_u64(out, "time_us", epoch_us(state->run, packet->time_ns));
	out_str(out, "why", why);
	if (message->has_question) {
		write_name(out, &message->name);
		out_str(out, "type", dns_type_text(message->type, room));
	} else {
		out_null(out, "name");
		out_null(out, "type");
	}
	out_str(out, "rcode", dns_rcode_text(message->rcode, room));
	if (sent_ns)
		out_u64(out, "latency_us", (packet->time_ns - sent_ns) / 1000);
	else
		out_null(out, "latency_us");
	out_u64(out, "netns", packet->netns);
	write_ip(out, "source", packet, packet->source);
	out_u64(out, "source_port", packet->sport);
	write_ip(out, "destination", packet, packet->destination);
	out_u64(out, "destination_port", packet->dport);
	out_str(out, "transport", packet->protocol == IPPROTO_TCP ? "tcp" : "udp");
	out_u64(out, "transaction", message->id);
	write_text_or_null(out, "problem", message->problem);
	emit_end(state->run);
}

void dns_write_packet(struct state *state, const struct dns_packet *packet, const struct dns_message *message,
		      struct dns_bytes bytes)
{
	struct out *out = emit(state->run, DNS_PACKET);

	out_u64(out, "time_us", epoch_us(state->run, packet->time_ns));
	out_str(out, "direction", packet->flags & DNS_EGRESS ? "egress" : "ingress");
	out_str(out, "role", packet->flags & DNS_SERVER ? "server" : "client");
	out_str(out, "transport", packet->protocol == IPPROTO_TCP ? "tcp" : "udp");
	out_u64(out, "transaction", message->id);
	out_u64(out, "netns", packet->netns);
	write_ip(out, "source", packet, packet->source);
	out_u64(out, "source_port", packet->sport);
	write_ip(out, "destination", packet, packet->destination);
	out_u64(out, "destination_port", packet->dport);
	out_u64(out, "length", bytes.length);
	out_hex(out, "bytes", bytes.at, bytes.kept);
	emit_end(state->run);
}

static void write_totals(struct state *state, struct out *out, const struct asker *asker)
{
	write_process(state, out, &asker->process);
	out_bool(out, "forwarder", asker->forwarder);
	out_u64(out, "queries", asker->udp.queries + asker->tcp_queries);
	out_u64(out, "answers", asker->udp.answers + asker->tcp_answers);
	out_u64(out, "nxdomain", asker->udp.nxdomain + asker->tcp_nxdomain);
	out_u64(out, "failed", asker->udp.failed + asker->tcp_failed);
	out_u64(out, "unanswered", asker->unanswered);
	out_u64(out, "names", asker_names(asker));
}

void dns_write_process(void *context, const struct asker *asker)
{
	struct state *state = context;
	struct out *out;

	if (state->cgroup) {
		const char *path = cgroups_path(state->cgroups, asker->process.cgroup_id);

		if (!path || !strstr(path, state->cgroup))
			return;
	}
	out = emit(state->run, DNS_PROCESS);
	/* As /proc/<pid>/stat has it. */
	out_u64(out, "start", asker->process.start_ns / 10000000);
	write_totals(state, out, asker);
	emit_end(state->run);
}

void dns_write_summary(struct run *run, struct out *out)
{
	struct state *state = run_state(run, sizeof(*state));
	const struct asker **found;
	size_t count;

	out_begin_object(out, "outcomes");
	for (size_t i = 0; i < OUTCOMES; i++)
		out_u64(out, outcomes[i], state->outcomes[i]);
	out_end_object(out);
	out_u64(out, "strays", state->strays);
	if (!state->askers)
		return;
	count = askers_top(state->askers, TOP, &found);
	out_begin_list(out, "processes");
	for (size_t i = 0; i < count; i++) {
		out_begin_object(out, NULL);
		write_totals(state, out, found[i]);
		out_end_object(out);
	}
	out_end_list(out);
}
