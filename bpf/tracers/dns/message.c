// SPDX-License-Identifier: Apache-2.0
/* Reads DNS messages: RFC 1035 for the form, RFC 6891 for OPT. What records hold is in rdata.c. */
#include <stdio.h>
#include <string.h>

#include "message.h"
#include "rdata.h"

#define HEADER_BYTES 12
#define LABEL_BYTES 63
#define TYPE_OPT 41

/* Says whether `count` bytes from `offset` on are there. */
static bool have(struct dns_message *message, struct dns_bytes bytes, size_t offset, size_t count, const char *what)
{
	if (offset + count <= bytes.kept)
		return true;
	if (offset + count <= bytes.length)
		message->cut = true;
	else
		message->problem = what;
	return false;
}

bool dns_expand_name(struct dns_message *message, struct dns_bytes bytes, size_t *offset, struct dns_name *name)
{
	size_t at = *offset, used = 0;
	bool jumped = false;

	for (;;) {
		uint8_t label;

		if (!have(message, bytes, at, 1, "a name runs past the end"))
			return false;
		label = bytes.at[at];
		if ((label & 0xc0) == 0xc0) {
			size_t to;

			if (!have(message, bytes, at, 2, "a compression pointer runs past the end"))
				return false;
			to = (size_t)(label & 0x3f) << 8 | bytes.at[at + 1];
			if (!jumped)
				*offset = at + 2;
			jumped = true;
			/* Only backwards: so it ends. */
			if (to >= at) {
				message->problem = "a compression pointer points forward";
				return false;
			}
			at = to;
			continue;
		}
		if (label > LABEL_BYTES) {
			message->problem = "a label of a kind that is not used";
			return false;
		}
		if (used + label + 1 > DNS_NAME_BYTES) {
			message->problem = "a name is longer than 255 bytes";
			return false;
		}
		if (!have(message, bytes, at, label + 1, "a label runs past the end"))
			return false;
		memcpy(name->bytes + used, bytes.at + at, label + 1);
		used += label + 1;
		at += label + 1;
		if (label)
			continue;
		name->length = (uint8_t)used;
		if (!jumped)
			*offset = at;
		return true;
	}
}

bool dns_read_message(struct dns_message *message, struct dns_bytes bytes)
{
	const uint8_t *at = bytes.at;
	size_t offset = HEADER_BYTES;

	memset(message, 0, sizeof(*message));
	if (!have(message, bytes, 0, HEADER_BYTES, "shorter than a header"))
		return false;
	message->id = dns_u16(at);
	message->response = at[2] & 0x80;
	message->opcode = at[2] >> 3 & 15;
	message->truncated = at[2] & 0x02;
	message->rcode = at[3] & 15;
	for (size_t i = 0; i < 4; i++)
		message->counts[i] = dns_u16(at + 4 + 2 * i);
	for (size_t i = 0; i < message->counts[0]; i++) {
		struct dns_name other;
		struct dns_name *name = i == 0 ? &message->name : &other;

		if (!dns_expand_name(message, bytes, &offset, name) ||
		    !have(message, bytes, offset, 4, "a question runs past the end"))
			return false;
		if (i == 0) {
			message->type = dns_u16(at + offset);
			message->class = dns_u16(at + offset + 2);
			message->has_question = true;
		}
		offset += 4;
	}
	message->behind_questions = offset;
	return true;
}

static void add_answer(struct dns_answers *answers, const char *text, size_t length, uint32_t ttl)
{
	if (!answers->has_ttl || ttl < answers->min_ttl)
		answers->min_ttl = ttl;
	answers->has_ttl = true;
	if (answers->count == DNS_ANSWERS || answers->used + length + 1 > sizeof(answers->text)) {
		answers->complete = false;
		return;
	}
	answers->starts[answers->count++] = (uint16_t)answers->used;
	memcpy(answers->text + answers->used, text, length);
	answers->used += length;
	answers->text[answers->used++] = '\0';
}

/* One record of section `section` (1 answers, 2 authority, 3 additional), from `*offset` on. */
static bool read_record(struct dns_message *message, struct dns_bytes bytes, size_t *offset, int section,
			struct dns_answers *answers)
{
	struct dns_name owner;
	uint16_t type, size;
	uint32_t ttl;
	size_t at;

	if (!dns_expand_name(message, bytes, offset, &owner) ||
	    !have(message, bytes, *offset, 10, "a record runs past the end"))
		return false;
	at = *offset;
	type = dns_u16(bytes.at + at);
	ttl = (uint32_t)dns_u16(bytes.at + at + 4) << 16 | dns_u16(bytes.at + at + 6);
	size = dns_u16(bytes.at + at + 8);
	at += 10;
	if (!have(message, bytes, at, size, "a record's data runs past the end"))
		return false;
	*offset = at + size;
	if (type == TYPE_OPT && section == 3)
		message->rcode |= (uint16_t)(ttl >> 24) << 4;
	if (section == 1) {
		static char text[DNS_RDATA_TEXT];
		size_t length = dns_rdata_text(message, bytes, at, size, type, text);

		if (message->problem)
			return false;
		add_answer(answers, text, length, ttl);
	}
	return true;
}

bool dns_read_answers(struct dns_message *message, struct dns_bytes bytes, struct dns_answers *answers)
{
	size_t offset = message->behind_questions;

	answers->count = 0;
	answers->used = 0;
	answers->complete = true;
	answers->has_ttl = false;
	for (int section = 1; section <= 3; section++)
		for (size_t i = 0; i < message->counts[section]; i++)
			if (!read_record(message, bytes, &offset, section, answers)) {
				if (section == 1)
					answers->complete = false;
				/* A truncated answer may count records it left out (RFC 2181, 9). */
				if (message->truncated && offset >= bytes.length)
					message->problem = NULL;
				return !message->problem && !message->cut;
			}
	return true;
}

static uint8_t lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte;
}

bool dns_same_name(const struct dns_name *a, const struct dns_name *b)
{
	if (a->length != b->length)
		return false;
	/* Length bytes are below 64 and so no letters. */
	for (size_t i = 0; i < a->length; i++)
		if (a->bytes[i] != b->bytes[i] && lower(a->bytes[i]) != lower(b->bytes[i]))
			return false;
	return true;
}

uint64_t dns_name_hash(const struct dns_name *name)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < name->length; i++)
		hash = (hash ^ lower(name->bytes[i])) * UINT64_C(0x100000001b3);
	/* The lower bits of this sum mix well, the upper ones do not. */
	return hash ^ hash >> 29;
}

void dns_name_text(const struct dns_name *name, char text[DNS_NAME_TEXT])
{
	char *to = text;

	for (size_t at = 0; at < name->length && name->bytes[at]; at += name->bytes[at] + 1) {
		if (at)
			*to++ = '.';
		for (size_t i = at + 1; i <= at + name->bytes[at]; i++)
			to = dns_put_byte(to, name->bytes[i], true);
	}
	if (to == text)
		*to++ = '.';
	*to = '\0';
}
