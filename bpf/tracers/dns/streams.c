// SPDX-License-Identifier: Apache-2.0
/*
 * Puts TCP streams together. At most MOST_STREAMS directions at a time, the one unused for the longest makes room; of
 * each at most one message and OUT_OF_ORDER bytes that came too early. A direction whose beginning was not seen, or of
 * which a piece was lost, is entered where a piece looks like the beginning of a message.
 */
#include <stdlib.h>
#include <string.h>

#include "rdata.h"
#include "streams.h"

#define MOST_STREAMS 1024
#define LONGEST_MESSAGE (2 + 65535)
#define OUT_OF_ORDER (64 * 1024)
/* No window is as large: numbers so far apart are of two connections. */
#define FAR (1 << 28)

struct early {
	struct early *next;
	uint32_t seq;
	uint32_t length;
	uint8_t bytes[];
};

struct stream {
	uint64_t cookie;
	uint64_t used_ns;
	bool egress;
	/* `next` is known. */
	bool synced;
	/* The beginning of a message is known to be where we think it is. */
	bool certain;
	/* Of the piece that told it last: further pieces of a segment do not. */
	bool has_process;
	struct process process;
	uint32_t next;
	uint32_t have;
	uint32_t room;
	uint8_t *bytes;
	uint32_t early_bytes;
	struct early *early;
};

struct dns_streams {
	dns_stream_message message;
	void *context;
	uint64_t evicted;
	struct stream streams[MOST_STREAMS];
};

struct dns_streams *dns_streams_new(dns_stream_message message, void *context)
{
	struct dns_streams *streams = calloc(1, sizeof(*streams));

	if (!streams)
		abort();
	streams->message = message;
	streams->context = context;
	return streams;
}

static void drop_early(struct stream *stream)
{
	while (stream->early) {
		struct early *first = stream->early;

		stream->early = first->next;
		free(first);
	}
	stream->early_bytes = 0;
}

static void forget(struct stream *stream)
{
	drop_early(stream);
	free(stream->bytes);
	memset(stream, 0, sizeof(*stream));
}

void dns_streams_free(struct dns_streams *streams)
{
	if (!streams)
		return;
	for (size_t i = 0; i < MOST_STREAMS; i++)
		forget(&streams->streams[i]);
	free(streams);
}

uint64_t dns_streams_evicted(struct dns_streams *streams)
{
	uint64_t evicted = streams->evicted;

	streams->evicted = 0;
	return evicted;
}

/* Eight places in a row are looked at; connections that ended have given theirs back. */
static struct stream *stream_of(struct dns_streams *streams, const struct dns_packet *packet)
{
	bool egress = packet->flags & DNS_EGRESS;
	size_t at = (packet->cookie * 2 + egress) * UINT64_C(0x9e3779b97f4a7c15) >> 54;
	struct stream *oldest = NULL;

	for (size_t i = 0; i < 8; i++) {
		struct stream *stream = &streams->streams[(at + i) % MOST_STREAMS];

		if (stream->used_ns && stream->cookie == packet->cookie && stream->egress == egress)
			return stream;
		if (!oldest || stream->used_ns < oldest->used_ns)
			oldest = stream;
	}
	if (oldest->used_ns)
		streams->evicted++;
	forget(oldest);
	oldest->cookie = packet->cookie;
	oldest->egress = egress;
	return oldest;
}

static void lose_sync(struct stream *stream)
{
	drop_early(stream);
	stream->synced = false;
	stream->certain = false;
	stream->have = 0;
}

/* A piece that could begin with a message: its length, and a header of the right direction. */
static bool looks_like_one(const struct dns_packet *packet, const uint8_t *bytes, uint32_t length)
{
	/* A client receives them, a server sends them. */
	bool response = !(packet->flags & DNS_EGRESS) == !(packet->flags & DNS_SERVER);

	if (length < 2 + 12 || dns_u16(bytes) < 12)
		return false;
	return !(bytes[4] & 0x80) == !response && (bytes[4] >> 3 & 15) <= 6 && dns_u16(bytes + 6) <= 1;
}

static void tell_messages(struct dns_streams *streams, struct stream *stream, const struct dns_packet *packet,
			  const struct process *process)
{
	uint32_t at = 0;

	while (stream->have - at >= 2) {
		uint32_t length = dns_u16(stream->bytes + at);

		if (stream->have - at < 2 + length)
			break;
		streams->message(streams->context, packet, process,
				 (struct dns_bytes){ stream->bytes + at + 2, length, length });
		stream->certain = true;
		at += 2 + length;
	}
	stream->have -= at;
	memmove(stream->bytes, stream->bytes + at, stream->have);
}

/* Bytes that are next in order. */
static void append(struct dns_streams *streams, struct stream *stream, const struct dns_packet *packet,
		   const struct process *process, const uint8_t *bytes, uint32_t length)
{
	stream->next += length;
	if (!stream->certain && stream->have == 0 && !looks_like_one(packet, bytes, length)) {
		lose_sync(stream);
		return;
	}
	while (length > 0) {
		uint32_t part = LONGEST_MESSAGE - stream->have;

		part = part < length ? part : length;
		if (stream->have + part > stream->room) {
			uint32_t room = stream->have + part < 2048 ? 2048 : LONGEST_MESSAGE;
			uint8_t *larger = realloc(stream->bytes, room);

			if (!larger)
				abort();
			stream->bytes = larger;
			stream->room = room;
		}
		memcpy(stream->bytes + stream->have, bytes, part);
		stream->have += part;
		bytes += part;
		length -= part;
		tell_messages(streams, stream, packet, process);
	}
}

static void keep_early(struct dns_streams *streams, struct stream *stream, uint32_t seq, const uint8_t *bytes,
		       uint32_t length)
{
	struct early **place = &stream->early, *early;

	if (stream->early_bytes + length > OUT_OF_ORDER) {
		streams->evicted++;
		lose_sync(stream);
		return;
	}
	early = malloc(sizeof(*early) + length);
	if (!early)
		abort();
	early->seq = seq;
	early->length = length;
	memcpy(early->bytes, bytes, length);
	while (*place && (int32_t)((*place)->seq - seq) <= 0)
		place = &(*place)->next;
	early->next = *place;
	*place = early;
	stream->early_bytes += length;
}

/* Those of `bytes` that are not known yet, if they are next. False when something is missing before them. */
static bool take_in_order(struct dns_streams *streams, struct stream *stream, const struct dns_packet *packet,
			  const struct process *process, uint32_t seq, const uint8_t *bytes, uint32_t length)
{
	int32_t ahead = (int32_t)(seq - stream->next);

	if (ahead > 0)
		return false;
	if ((uint32_t)-ahead < length)
		append(streams, stream, packet, process, bytes - ahead, length - (uint32_t)-ahead);
	return true;
}

static void take_early(struct dns_streams *streams, struct stream *stream, const struct dns_packet *packet,
		       const struct process *process)
{
	while (stream->synced && stream->early) {
		struct early *first = stream->early;

		if ((int32_t)(first->seq - stream->next) > 0)
			return;
		stream->early = first->next;
		stream->early_bytes -= first->length;
		take_in_order(streams, stream, packet, process, first->seq, first->bytes, first->length);
		free(first);
	}
}

void dns_streams_take(struct dns_streams *streams, const struct dns_packet *packet, const struct process *process,
		      const uint8_t *bytes)
{
	struct stream *stream = stream_of(streams, packet);
	uint32_t seq = packet->seq;

	stream->used_ns = packet->time_ns;
	if (process) {
		stream->process = *process;
		stream->has_process = true;
	}
	process = stream->has_process ? &stream->process : NULL;
	/* The kernel may be behind what passed it already, as while a process holds the socket. */
	if (packet->flags & DNS_START && (!stream->synced || stream->next - packet->next >= FAR)) {
		lose_sync(stream);
		stream->synced = stream->certain = true;
		stream->next = packet->next;
	} else if (packet->length && !stream->synced) {
		stream->synced = true;
		stream->next = seq;
	}
	/* It is past what we wait for: that piece did not reach us. */
	if (stream->synced && (int32_t)(packet->next - stream->next) > 0) {
		lose_sync(stream);
		stream->synced = packet->length > 0;
		stream->next = seq;
	}
	if (packet->kept < packet->length)
		lose_sync(stream);
	else if (packet->length && take_in_order(streams, stream, packet, process, seq, bytes, packet->length))
		take_early(streams, stream, packet, process);
	else if (packet->length)
		keep_early(streams, stream, seq, bytes, packet->length);
	if (packet->flags & DNS_RST || (packet->flags & DNS_FIN && !stream->early)) {
		/* It ended within a message: what there is of it cannot be right. */
		if (stream->certain && stream->have > 2)
			streams->message(streams->context, packet, process,
					 (struct dns_bytes){ stream->bytes + 2, stream->have - 2, stream->have - 2 });
		forget(stream);
	}
}
