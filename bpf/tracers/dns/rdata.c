// SPDX-License-Identifier: Apache-2.0
/* Records' data as text. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rdata.h"

enum {
	TYPE_A = 1,
	TYPE_NS = 2,
	TYPE_CNAME = 5,
	TYPE_SOA = 6,
	TYPE_PTR = 12,
	TYPE_MX = 15,
	TYPE_TXT = 16,
	TYPE_AAAA = 28,
	TYPE_SRV = 33,
	TYPE_DNAME = 39,
	TYPE_SVCB = 64,
	TYPE_HTTPS = 65,
};

/* Text being made: what does not fit is left out, and `cut` says so. */
struct text {
	char *start;
	char *to;
	bool cut;
};

/* Kept free for the mark of what was cut. */
#define RESERVE 8

static size_t room(const struct text *text)
{
	return DNS_RDATA_TEXT - RESERVE - (size_t)(text->to - text->start);
}

static void put(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct text *text, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text->to, room(text), format, args);
	va_end(args);
	if (length < 0 || (size_t)length >= room(text))
		text->cut = true;
	else
		text->to += length;
}

char *dns_put_byte(char *to, uint8_t byte, bool in_name)
{
	bool special = byte == '\\' || (in_name ? byte == '.' : byte == '"');

	if (byte < (in_name ? 0x21 : 0x20) || byte > 0x7e) {
		*to++ = '\\';
		*to++ = (char)('0' + byte / 100);
		*to++ = (char)('0' + byte / 10 % 10);
		*to++ = (char)('0' + byte % 10);
		return to;
	}
	if (special)
		*to++ = '\\';
	*to++ = (char)byte;
	return to;
}

static void put_bytes(struct text *text, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (room(text) < 5) {
			text->cut = true;
			return;
		}
		text->to = dns_put_byte(text->to, bytes[i], false);
	}
}

/* A name that must end within the record's data. */
static bool put_name(struct text *text, struct dns_message *message, struct dns_bytes bytes, size_t *offset, size_t end)
{
	struct dns_name name;
	char name_text[DNS_NAME_TEXT];

	if (!dns_expand_name(message, bytes, offset, &name))
		return false;
	if (*offset > end) {
		message->problem = "a name runs out of its record";
		return false;
	}
	dns_name_text(&name, name_text);
	put(text, "%s", name_text);
	return true;
}

static void put_address(struct text *text, int family, const uint8_t *address)
{
	char written[INET6_ADDRSTRLEN];

	if (inet_ntop(family, address, written, sizeof(written)))
		put(text, "%s", written);
}

static void put_unknown(struct text *text, const uint8_t *data, size_t size)
{
	put(text, "\\# %zu%s", size, size ? " " : "");
	for (size_t i = 0; i < size && !text->cut; i++)
		put(text, "%02x", data[i]);
}

/* Strings of one length byte each. */
static void put_strings(struct text *text, struct dns_message *message, const uint8_t *data, size_t size)
{
	for (size_t at = 0; at < size; at += data[at] + 1) {
		if (at + 1 + data[at] > size) {
			message->problem = "a string runs out of its record";
			return;
		}
		put(text, "%s\"", at ? " " : "");
		put_bytes(text, data + at + 1, data[at]);
		put(text, "\"");
	}
}

static const char *const service_keys[] = { "mandatory",     "alpn", "no-default-alpn", "port", "ipv4hint",
					    "ech",	     "ipv6hint" };

static void put_service_value(struct text *text, uint16_t key, const uint8_t *value, size_t size)
{
	size_t each = key == 4 ? 4 : 16;

	if (key == 3 && size == 2) {
		put(text, "=%u", dns_u16(value));
	} else if (key == 0 && size % 2 == 0) {
		for (size_t at = 0; at < size; at += 2) {
			uint16_t one = dns_u16(value + at);

			put(text, "%s", at ? "," : "=");
			if (one < sizeof(service_keys) / sizeof(*service_keys))
				put(text, "%s", service_keys[one]);
			else
				put(text, "key%u", one);
		}
	} else if (key == 1) {
		put(text, "=\"");
		for (size_t at = 0; at < size && at + 1 + value[at] <= size; at += value[at] + 1) {
			put(text, "%s", at ? "," : "");
			put_bytes(text, value + at + 1, value[at]);
		}
		put(text, "\"");
	} else if ((key == 4 || key == 6) && size % each == 0) {
		for (size_t at = 0; at < size; at += each) {
			put(text, "%s", at ? "," : "=");
			put_address(text, key == 4 ? AF_INET : AF_INET6, value + at);
		}
	} else if (size) {
		put(text, "=\"");
		put_bytes(text, value, size);
		put(text, "\"");
	}
}

static void put_service(struct text *text, struct dns_message *message, struct dns_bytes bytes, size_t at, size_t end)
{
	if (end - at < 3) {
		message->problem = "a service record is too short";
		return;
	}
	put(text, "%u ", dns_u16(bytes.at + at));
	at += 2;
	if (!put_name(text, message, bytes, &at, end))
		return;
	while (at < end) {
		uint16_t key, size;

		if (end - at < 4) {
			message->problem = "a service parameter runs out of its record";
			return;
		}
		key = dns_u16(bytes.at + at);
		size = dns_u16(bytes.at + at + 2);
		at += 4;
		if (size > end - at) {
			message->problem = "a service parameter runs out of its record";
			return;
		}
		if (key < sizeof(service_keys) / sizeof(*service_keys))
			put(text, " %s", service_keys[key]);
		else
			put(text, " key%u", key);
		put_service_value(text, key, bytes.at + at, size);
		at += size;
	}
}

static void put_soa(struct text *text, struct dns_message *message, struct dns_bytes bytes, size_t at, size_t end)
{
	if (!put_name(text, message, bytes, &at, end))
		return;
	put(text, " ");
	if (!put_name(text, message, bytes, &at, end))
		return;
	if (end - at < 20) {
		message->problem = "a SOA record is too short";
		return;
	}
	for (size_t i = 0; i < 5; i++)
		put(text, " %u", dns_u32(bytes.at + at + 4 * i));
}

/* `numbers` of 16 bits, then a name: MX, SRV. */
static void put_numbers_and_name(struct text *text, struct dns_message *message, struct dns_bytes bytes, size_t at,
				 size_t end, size_t numbers)
{
	if (end - at < 2 * numbers + 1) {
		message->problem = "a record is too short for its type";
		return;
	}
	for (size_t i = 0; i < numbers; i++, at += 2)
		put(text, "%u ", dns_u16(bytes.at + at));
	put_name(text, message, bytes, &at, end);
}

size_t dns_rdata_text(struct dns_message *message, struct dns_bytes bytes, size_t offset, uint16_t size, uint16_t type,
		      char chars[DNS_RDATA_TEXT])
{
	struct text text = { .start = chars, .to = chars };
	const uint8_t *data = bytes.at + offset;
	size_t end = offset + size;

	if (type == TYPE_A && size == 4)
		put_address(&text, AF_INET, data);
	else if (type == TYPE_AAAA && size == 16)
		put_address(&text, AF_INET6, data);
	else if (type == TYPE_A || type == TYPE_AAAA)
		message->problem = "an address of the wrong length";
	else if (type == TYPE_NS || type == TYPE_CNAME || type == TYPE_PTR || type == TYPE_DNAME)
		put_numbers_and_name(&text, message, bytes, offset, end, 0);
	else if (type == TYPE_MX)
		put_numbers_and_name(&text, message, bytes, offset, end, 1);
	else if (type == TYPE_SRV)
		put_numbers_and_name(&text, message, bytes, offset, end, 3);
	else if (type == TYPE_SOA)
		put_soa(&text, message, bytes, offset, end);
	else if (type == TYPE_TXT)
		put_strings(&text, message, data, size);
	else if (type == TYPE_SVCB || type == TYPE_HTTPS)
		put_service(&text, message, bytes, offset, end);
	else
		put_unknown(&text, data, size);
	if (text.cut) {
		memcpy(text.to, "…", sizeof("…") - 1);
		text.to += sizeof("…") - 1;
	}
	return (size_t)(text.to - text.start);
}
