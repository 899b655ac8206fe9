// SPDX-License-Identifier: Apache-2.0
/*
 * The JSON writer. Lines are gathered and written in large pieces; a reader that does not read must not keep the
 * tracer from noticing that its connection is gone, so writing never blocks without watching for that.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "output.h"

/* Written when so much is held … */
#define FULL_AT (64 * 1024)
/* … and a pipe that can be written to takes at least so much without blocking (PIPE_BUF, pipe(7)). */
#define PIPE_PIECE 4096
/* Whoever is told to end waits so long for a reader that takes nothing. */
#define STOP_MS 2000

#define FRAME_HEADER 8
#define FRAME_KIND_AT 4

struct out {
	int fd;
	int give_up_fd;
	/* A signalfd; -1: none, or it has spoken. */
	int stop_fd;
	bool stopping;
	uint64_t deadline_ns;
	bool is_socket;
	bool gone;
	/* A comma is due before the next member or element. */
	bool comma;
	/* Every line is a frame; this one begins at `frame_at`. */
	bool framed;
	size_t frame_at;
	size_t line_at;
	int error;
	char *bytes;
	size_t used;
	size_t room;
};

struct out *out_new(int fd, int give_up_fd)
{
	struct out *out = calloc(1, sizeof(*out));
	int type;
	socklen_t size = sizeof(type);

	if (!out)
		return NULL;
	out->fd = fd;
	out->give_up_fd = give_up_fd;
	out->stop_fd = -1;
	out->deadline_ns = UINT64_MAX;
	out->is_socket = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
	return out;
}

void out_free(struct out *out)
{
	if (!out)
		return;
	free(out->bytes);
	free(out);
}

bool out_is_empty(const struct out *out)
{
	return out->used == 0;
}

bool out_is_full(const struct out *out)
{
	return out->used >= FULL_AT;
}

void out_deadline(struct out *out, uint64_t monotonic_ns)
{
	out->deadline_ns = monotonic_ns;
}

void out_never_give_up(struct out *out)
{
	/* Which poll(2) passes over. */
	out->give_up_fd = -1;
}

void out_stop_on(struct out *out, int signal_fd)
{
	out->stop_fd = signal_fd;
}

/* For poll: until the deadline, -1 for ever. */
static int wait_ms(const struct out *out)
{
	uint64_t now_ns;

	if (out->stopping)
		return STOP_MS;
	if (out->deadline_ns == UINT64_MAX)
		return -1;
	now_ns = clock_ns(CLOCK_MONOTONIC);
	if (now_ns >= out->deadline_ns)
		return 0;
	/* Not more than poll can be told. */
	return (int)((out->deadline_ns - now_ns) / NS_PER_MS % 1000000000 + 1);
}

/* True when writing may go on; false when whoever reads, or whoever waits for us, is gone, or it takes too long. */
static bool wait_writable(struct out *out)
{
	struct pollfd fds[] = {
		{ .fd = out->fd, .events = POLLOUT },
		{ .fd = out->give_up_fd, .events = POLLIN },
		{ .fd = out->stop_fd, .events = POLLIN },
	};

	for (;;) {
		int ready = poll(fds, 3, wait_ms(out));

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return false;
		if (fds[0].revents & POLLOUT)
			return true;
		if (fds[0].revents)
			return false;
		if (fds[2].revents) {
			/* The signal is left to the run. */
			out->stopping = true;
			out->stop_fd = fds[2].fd = -1;
		}
		if (fds[1].revents) {
			char byte[256];
			ssize_t got = read(out->give_up_fd, byte, sizeof(byte));

			if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
				return false;
		}
	}
}

bool out_flush(struct out *out)
{
	size_t at = 0;

	while (at < out->used && !out->gone) {
		size_t left = out->used - at;
		ssize_t wrote;

		if (!wait_writable(out)) {
			out->gone = true;
			break;
		}
		if (out->is_socket)
			wrote = send(out->fd, out->bytes + at, left, MSG_DONTWAIT | MSG_NOSIGNAL);
		else
			wrote = write(out->fd, out->bytes + at, left < PIPE_PIECE ? left : PIPE_PIECE);
		if (wrote >= 0) {
			at += (size_t)wrote;
		} else if (errno != EINTR && errno != EAGAIN) {
			out->gone = true;
			/* These say that nobody reads any more, which is an end and no failure. */
			out->error = errno == EPIPE || errno == ECONNRESET ? 0 : errno;
		}
	}
	out->used = 0;
	return !out->gone;
}

static char *reserve(struct out *out, size_t size)
{
	if (out->used + size > out->room) {
		size_t room = (out->used + size) * 2;
		char *bytes = realloc(out->bytes, room);

		if (!bytes)
			abort();
		out->bytes = bytes;
		out->room = room;
	}
	return out->bytes + out->used;
}

static void put(struct out *out, const char *text, size_t size)
{
	memcpy(reserve(out, size), text, size);
	out->used += size;
}

static void put_str(struct out *out, const char *text)
{
	put(out, text, strlen(text));
}

/* Bytes of the UTF-8 sequence at `text`, 0 when it is none (RFC 3629: no surrogates, nothing overlong). */
static size_t utf8_length(const unsigned char *text, size_t size)
{
	unsigned char first = text[0], low = 0x80, high = 0xbf;
	size_t length;

	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		length = 2;
	else if (first >= 0xe0 && first <= 0xef)
		length = 3;
	else if (first >= 0xf0 && first <= 0xf4)
		length = 4;
	else
		return 0;
	if (size < length)
		return 0;
	if (first == 0xe0)
		low = 0xa0;
	if (first == 0xed)
		high = 0x9f;
	if (first == 0xf0)
		low = 0x90;
	if (first == 0xf4)
		high = 0x8f;
	if (text[1] < low || text[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

static void put_quoted(struct out *out, const char *chars, size_t size)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *text = (const unsigned char *)chars;
	/* The longest a byte becomes is six characters. */
	char *to = reserve(out, size * 6 + 2);
	char *start = to;

	*to++ = '"';
	for (size_t i = 0; i < size;) {
		unsigned char byte = text[i];
		size_t length = utf8_length(text + i, size - i);

		if (byte == '"' || byte == '\\') {
			*to++ = '\\';
			*to++ = (char)byte;
		} else if (byte < 0x20 || byte == 0x7f) {
			memcpy(to, "\\u00", 4);
			to[4] = hex[byte >> 4];
			to[5] = hex[byte & 15];
			to += 6;
		} else if (length > 0) {
			memcpy(to, text + i, length);
			to += length;
			i += length - 1;
		} else {
			memcpy(to, "\\\\x", 3);
			to[3] = hex[byte >> 4];
			to[4] = hex[byte & 15];
			to += 5;
		}
		i++;
	}
	*to++ = '"';
	out->used += (size_t)(to - start);
}

static void put_name(struct out *out, const char *name)
{
	if (out->comma)
		put(out, ",", 1);
	out->comma = true;
	if (!name)
		return;
	put(out, "\"", 1);
	put_str(out, name);
	put(out, "\":", 2);
}

static void begin_frame(struct out *out, enum frame_kind kind)
{
	const char header[FRAME_HEADER] = { [FRAME_KIND_AT] = (char)kind };

	out->frame_at = out->used;
	put(out, header, sizeof(header));
}

static void end_frame(struct out *out)
{
	uint32_t length = htole32((uint32_t)(out->used - out->frame_at - FRAME_HEADER));

	memcpy(out->bytes + out->frame_at, &length, sizeof(length));
}

void out_begin_frames(struct out *out)
{
	out->framed = true;
}

void out_frame(struct out *out, enum frame_kind kind, const struct iovec *pieces, size_t count)
{
	begin_frame(out, kind);
	for (size_t i = 0; i < count; i++)
		put(out, pieces[i].iov_base, pieces[i].iov_len);
	end_frame(out);
}

void out_line(struct out *out, const char *record)
{
	out->line_at = out->used;
	if (out->framed)
		begin_frame(out, FRAME_LINE);
	put(out, "{", 1);
	out->comma = false;
	out_str(out, "record", record);
}

void out_end_line(struct out *out)
{
	put(out, "}\n", 2);
	out->comma = false;
	if (out->framed)
		end_frame(out);
}

void out_take_back(struct out *out)
{
	out->used = out->line_at;
	out->comma = false;
}

int out_error(const struct out *out)
{
	return out->error;
}

void out_u64(struct out *out, const char *name, uint64_t value)
{
	/* What a double holds exactly; more is written as text. */
	const uint64_t safe = (UINT64_C(1) << 53) - 1;
	char digits[24];
	char *at = digits + sizeof(digits);
	bool quoted = value > safe;

	put_name(out, name);
	if (quoted)
		*--at = '"';
	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	if (quoted)
		*--at = '"';
	put(out, at, (size_t)(digits + sizeof(digits) - at));
}

void out_i64(struct out *out, const char *name, int64_t value)
{
	char text[32];
	const int64_t safe = (INT64_C(1) << 53) - 1;

	put_name(out, name);
	snprintf(text, sizeof(text), value > safe || value < -safe ? "\"%" PRId64 "\"" : "%" PRId64, value);
	put_str(out, text);
}

void out_f64(struct out *out, const char *name, double value)
{
	char text[40];

	put_name(out, name);
	if (isfinite(value))
		snprintf(text, sizeof(text), "%.6g", value);
	else
		snprintf(text, sizeof(text), "null");
	put_str(out, text);
}

void out_bool(struct out *out, const char *name, bool value)
{
	put_name(out, name);
	put_str(out, value ? "true" : "false");
}

void out_null(struct out *out, const char *name)
{
	put_name(out, name);
	put(out, "null", 4);
}

void out_text(struct out *out, const char *name, const char *text, size_t size)
{
	put_name(out, name);
	put_quoted(out, text, strnlen(text, size));
}

void out_str(struct out *out, const char *name, const char *text)
{
	put_name(out, name);
	put_quoted(out, text, strlen(text));
}

void out_hex(struct out *out, const char *name, const void *bytes, size_t size)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *from = bytes;
	char *to;

	put_name(out, name);
	to = reserve(out, size * 2 + 2);
	*to++ = '"';
	for (size_t i = 0; i < size; i++) {
		*to++ = hex[from[i] >> 4];
		*to++ = hex[from[i] & 15];
	}
	*to = '"';
	out->used += size * 2 + 2;
}

void out_ip(struct out *out, const char *name, int family, const void *address)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	char text[INET6_ADDRSTRLEN] = "";

	if (family == AF_INET6 && memcmp(address, mapped, sizeof(mapped)) == 0) {
		family = AF_INET;
		address = (const char *)address + sizeof(mapped);
	}
	if (!inet_ntop(family, address, text, sizeof(text))) {
		out_null(out, name);
		return;
	}
	out_str(out, name, text);
}

void out_raw(struct out *out, const char *name, const char *json)
{
	put_name(out, name);
	put_str(out, json);
}

void out_begin_object(struct out *out, const char *name)
{
	put_name(out, name);
	put(out, "{", 1);
	out->comma = false;
}

void out_end_object(struct out *out)
{
	put(out, "}", 1);
	out->comma = true;
}

void out_begin_list(struct out *out, const char *name)
{
	put_name(out, name);
	put(out, "[", 1);
	out->comma = false;
}

void out_end_list(struct out *out)
{
	put(out, "]", 1);
	out->comma = true;
}
