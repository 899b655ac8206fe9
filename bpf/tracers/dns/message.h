/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS messages: bytes in, what they say out. Pure: no allocation, no kernel, nothing is trusted. A message that ends
 * where it should not is malformed and says why; one of which only the beginning was kept says that instead.
 */
#ifndef BPFDESK_DNS_MESSAGE_H
#define BPFDESK_DNS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a name on the wire, with its root label (RFC 1035, 2.3.4). */
#define DNS_NAME_BYTES 255
/* Of a name as text: each byte may become \DDD. */
#define DNS_NAME_TEXT (4 * DNS_NAME_BYTES + 1)
/* Answers told of one message, and room for their text. */
#define DNS_ANSWERS 64
#define DNS_ANSWERS_TEXT (16 * 1024)

struct dns_name {
	/* Uncompressed, as sent; `length` counts the root label. */
	uint8_t bytes[DNS_NAME_BYTES];
	uint8_t length;
};

/* What is looked at: `kept` bytes of a message of `length` bytes. */
struct dns_bytes {
	const uint8_t *at;
	size_t kept;
	size_t length;
};

struct dns_message {
	uint16_t id;
	uint8_t opcode;
	/* With the upper bits of an OPT record, once dns_read_answers() has read it. */
	uint16_t rcode;
	bool response;
	bool truncated;
	/* Questions, answers, authority, additional. */
	uint16_t counts[4];
	/* Where the header was sound and there is a question: the first. */
	bool has_question;
	struct dns_name name;
	uint16_t type;
	uint16_t class;
	/* Offset behind the questions. */
	size_t behind_questions;
	/* NULL: nothing is wrong with what was read. */
	const char *problem;
	/* What was kept ends before what should be read. */
	bool cut;
};

struct dns_answers {
	/* Each ends with a zero byte; starts[i] is an offset in text. */
	char text[DNS_ANSWERS_TEXT];
	uint16_t starts[DNS_ANSWERS];
	size_t count;
	size_t used;
	/* All of the message's answers are in here. */
	bool complete;
	bool has_ttl;
	uint32_t min_ttl;
};

/* Header and questions. False with a `problem`, or when it is `cut`; the members read so far are set. */
bool dns_read_message(struct dns_message *message, struct dns_bytes bytes);
/* What is behind them; to be called when dns_read_message() was true. False with a `problem`, or when it is `cut`. */
bool dns_read_answers(struct dns_message *message, struct dns_bytes bytes, struct dns_answers *answers);

/* The same name, whatever the case of its letters. */
bool dns_same_name(const struct dns_name *a, const struct dns_name *b);
/* Of the name in lower case. */
uint64_t dns_name_hash(const struct dns_name *name);
/* Writes the name with dots, without the last one ("." is the root); bytes that are no plain letters as \DDD. */
void dns_name_text(const struct dns_name *name, char text[DNS_NAME_TEXT]);
/* A mnemonic, or TYPEn, CLASSn, RCODEn, OPCODEn in `room`. */
const char *dns_type_text(uint16_t type, char room[16]);
const char *dns_class_text(uint16_t class, char room[16]);
const char *dns_rcode_text(uint16_t rcode, char room[16]);
const char *dns_opcode_text(uint8_t opcode, char room[16]);

#endif
