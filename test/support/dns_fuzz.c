// SPDX-License-Identifier: Apache-2.0
/*
 * Feeds the dns tracer's parser and its putting together of TCP streams with what no network should send, and checks what
 * must hold whatever comes: dns_fuzz SEED ROUNDS. Built with sanitizers, which end it at the first wrong access. Prints how
 * many messages were sound, so that a run that tries nothing shows.
 */
#include <linux/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "rdata.h"
#include "streams.h"

#define MOST 1400

static uint64_t seed;

static uint32_t any(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 11) % below;
}

#define MUST(holds)                                                           \
	do {                                                                  \
		if (!(holds)) {                                               \
			fprintf(stderr, "does not hold: %s\n", #holds);       \
			abort();                                              \
		}                                                             \
	} while (0)

static size_t put_name(uint8_t *to, size_t room)
{
	size_t at = 0;

	for (uint32_t labels = any(5); labels && at + 70 < room; labels--) {
		uint8_t length = (uint8_t)(1 + any(63));

		to[at++] = length;
		while (length--)
			to[at++] = (uint8_t)any(256);
	}
	/* Its end, or a pointer to the question. */
	if (any(2)) {
		to[at++] = 0xc0;
		to[at++] = 12;
	} else {
		to[at++] = 0;
	}
	return at;
}

/* A sound message, mostly: a question and some records of the types that are written out. */
static size_t make(uint8_t *bytes)
{
	static const uint8_t types[] = { 1, 2, 5, 6, 12, 15, 16, 28, 33, 39, 41, 64, 65, 99 };
	uint32_t records = any(5);
	size_t at = 12;

	for (size_t i = 0; i < 12; i++)
		bytes[i] = i < 4 ? (uint8_t)any(256) : 0;
	bytes[5] = 1;
	bytes[7] = (uint8_t)records;
	memcpy(bytes + at, "\7example\3com\0\0\1\0\1", 17);
	at += 17;
	while (records-- && at < MOST - 400) {
		uint8_t type = types[any(sizeof(types))];
		size_t size_at, from;

		at += put_name(bytes + at, 80);
		memcpy(bytes + at, (uint8_t[]){ 0, type, 0, 1, 0, 0, 0, (uint8_t)any(256), 0, 0 }, 10);
		size_at = at + 8;
		from = at += 10;
		if (type == 1 || type == 28)
			at += type == 1 ? 4 : 16;
		else if (type == 2 || type == 5 || type == 12 || type == 39)
			at += put_name(bytes + at, 80);
		else
			for (uint32_t more = any(80); more; more--)
				bytes[at++] = (uint8_t)(any(3) ? any(4) : any(256));
		bytes[size_at] = (uint8_t)((at - from) >> 8);
		bytes[size_at + 1] = (uint8_t)(at - from);
	}
	return at;
}

static void spoil(uint8_t *bytes, size_t size)
{
	for (uint32_t i = any(6); i && size; i--)
		bytes[any((uint32_t)size)] = (uint8_t)(any(2) ? any(256) : 0xc0 | any(4));
}

/* True when it is sound. The bytes are copied to where reading beyond them is noticed. */
static bool look_at(const uint8_t *bytes, size_t kept, size_t length)
{
	static struct dns_answers answers;
	struct dns_message message;
	char text[DNS_NAME_TEXT];
	uint8_t *copy = malloc(kept ? kept : 1);
	struct dns_bytes all = { copy, kept, length };
	bool sound;

	MUST(copy);
	memcpy(copy, bytes, kept);
	memset(&answers, 0xa5, sizeof(answers));
	sound = dns_read_message(&message, all);
	MUST(sound == (!message.problem && !message.cut));
	MUST(!message.cut || kept < length);
	if (message.has_question) {
		dns_name_text(&message.name, text);
		MUST(strlen(text) < sizeof(text) && text[0]);
		for (const char *at = text; *at; at++)
			MUST(*at > 0x20 && *at < 0x7f);
		MUST(dns_same_name(&message.name, &message.name));
	}
	if (sound) {
		sound = dns_read_answers(&message, all, &answers);
		MUST(sound == (!message.problem && !message.cut));
		MUST(answers.count <= DNS_ANSWERS && answers.used <= sizeof(answers.text));
		for (size_t i = 0; i < answers.count; i++)
			MUST(memchr(answers.text + answers.starts[i], 0, answers.used - answers.starts[i]));
	}
	free(copy);
	return sound;
}

static uint8_t sent[64 * 1024];
static size_t sent_count, got_count, got_messages;

/* Whole messages come out as they went in, one after the other. */
static void got(void *context, const struct dns_packet *packet, const struct process *process, struct dns_bytes bytes)
{
	MUST(bytes.kept == bytes.length);
	if (!*(bool *)context)
		return;
	MUST(got_count + 2 + bytes.length <= sent_count);
	MUST(dns_u16(sent + got_count) == bytes.length);
	MUST(!memcmp(sent + got_count + 2, bytes.at, bytes.length));
	got_count += 2 + bytes.length;
	got_messages++;
}

static void send_piece(struct dns_streams *streams, uint32_t base, size_t from, size_t size, uint32_t next)
{
	struct dns_packet packet = { .time_ns = 1, .cookie = 7, .flags = DNS_EGRESS | (next == base ? DNS_START : 0),
				     .protocol = IPPROTO_TCP, .seq = base + (uint32_t)from, .next = next,
				     .length = (uint32_t)size, .kept = (uint16_t)size };
	uint8_t *copy = malloc(size ? size : 1);

	MUST(copy);
	memcpy(copy, sent + from, size);
	dns_streams_take(streams, &packet, NULL, copy);
	free(copy);
}

/* A stream in pieces that overlap, come twice, and come in any order within a few. */
static void stream_round(void)
{
	bool exact = true;
	struct dns_streams *streams = dns_streams_new(got, &exact);
	uint32_t base = any(2) ? UINT32_MAX - any(2000) : any(UINT32_MAX), messages = 1 + any(8);
	size_t known = 0;

	sent_count = got_count = got_messages = 0;
	for (uint32_t i = 0; i < messages; i++) {
		size_t size = make(sent + sent_count + 2);

		sent[sent_count + 2 + 2] &= 0x7f;
		sent[sent_count] = (uint8_t)(size >> 8);
		sent[sent_count + 1] = (uint8_t)size;
		sent_count += 2 + size;
	}
	while (known < sent_count) {
		struct {
			size_t from, size;
		} pieces[6];
		size_t count = 0, at = known;

		while (count < 6 && at < sent_count) {
			size_t size = 1 + any(any(4) ? 90 : 1000), back = any(3) ? 0 : any((uint32_t)at + 1) % 40;

			size = size < sent_count - at ? size : sent_count - at;
			pieces[count].from = at - back;
			pieces[count++].size = size + back;
			at += size;
		}
		for (size_t i = 0; i < count; i++) {
			size_t other = any((uint32_t)count), from = pieces[i].from, size = pieces[i].size;

			pieces[i].from = pieces[other].from;
			pieces[i].size = pieces[other].size;
			pieces[other].from = from;
			pieces[other].size = size;
		}
		/* What the kernel has in order by then is what it had before these. */
		for (size_t i = 0; i < count; i++) {
			send_piece(streams, base, pieces[i].from, pieces[i].size, base + (uint32_t)known);
			if (!any(5))
				send_piece(streams, base, pieces[i].from, pieces[i].size, base + (uint32_t)known);
		}
		known = at;
	}
	MUST(got_count == sent_count && got_messages == messages);
	dns_streams_free(streams);
}

/* Pieces that make no stream: nothing may go wrong, whatever comes out. */
static void chaos_round(void)
{
	bool exact = false;
	struct dns_streams *streams = dns_streams_new(got, &exact);

	for (uint32_t i = any(60); i; i--) {
		uint8_t bytes[200];
		uint16_t kept = (uint16_t)any(sizeof(bytes));
		struct dns_packet packet = { .time_ns = 1 + i, .cookie = any(3), .flags = (uint16_t)any(256), .seq = any(2000),
					     .next = any(2000), .length = any(8) ? kept : kept + any(5000), .kept = kept };

		for (size_t at = 0; at < sizeof(bytes); at++)
			bytes[at] = (uint8_t)(any(3) ? 0 : any(256));
		dns_streams_take(streams, &packet, NULL, bytes);
	}
	dns_streams_free(streams);
}

int main(int argc, char **argv)
{
	static uint8_t bytes[MOST + 512];
	unsigned long sound = 0, rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

	if (!rounds)
		return 2;
	seed = strtoull(argv[1], NULL, 10) | 1;
	for (unsigned long i = 0; i < rounds; i++) {
		size_t size = make(bytes), kept;

		sound += look_at(bytes, size, size);
		spoil(bytes, size);
		look_at(bytes, size, size);
		kept = any((uint32_t)size + 1);
		look_at(bytes, kept, any(2) ? size : kept);
		for (size_t at = 0; at < size; at++)
			bytes[at] = (uint8_t)any(256);
		look_at(bytes, size, size);
		if (i % 8 == 0)
			stream_round();
		if (i % 8 == 4)
			chaos_round();
	}
	printf("%lu\n", sound);
	return 0;
}
