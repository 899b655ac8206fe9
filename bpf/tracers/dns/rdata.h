/* SPDX-License-Identifier: Apache-2.0 */
/* What a record holds, as text in the form of zone files (RFC 1035, 5; RFC 9460, 2.1; RFC 3597 for unknown types). */
#ifndef BPFDESK_DNS_RDATA_H
#define BPFDESK_DNS_RDATA_H

#include "message.h"

/* Longer data is cut with "…". */
#define DNS_RDATA_TEXT 4096

/*
 * `size` bytes at `offset`, all of which are there. Returns the length of the text. Sets the message's `problem` when a
 * name in it is none, or when fixed parts are missing.
 */
size_t dns_rdata_text(struct dns_message *message, struct dns_bytes bytes, size_t offset, uint16_t size, uint16_t type,
		      char text[DNS_RDATA_TEXT]);

/* Reads a name that may be compressed; `*offset` is then behind it. False with a `problem`, or when it is `cut`. */
bool dns_expand_name(struct dns_message *message, struct dns_bytes bytes, size_t *offset, struct dns_name *name);

/* Writes a byte as it is, as \c or as \DDD; in a name a dot is escaped as well. Returns what is behind it. */
char *dns_put_byte(char *to, uint8_t byte, bool in_name);

static inline uint16_t dns_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t dns_u32(const uint8_t *at)
{
	return (uint32_t)dns_u16(at) << 16 | dns_u16(at + 2);
}

#endif
