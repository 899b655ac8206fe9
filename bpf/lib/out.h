/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes JSON objects, one a line, to stdout. Whatever bytes a text holds, the line is valid JSON in UTF-8: a byte
 * that is none is written as \xNN (with the backslash doubled, as JSON wants it).
 */
#ifndef BPFDESK_OUT_H
#define BPFDESK_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct out;

/*
 * Where lines are too slow: from now on everything is a frame (docs/design/0006-tracers.md), lines too. A frame is
 * its length (4 bytes, little endian), its kind (1), three zero bytes, and its content.
 */
enum frame_kind { FRAME_LINE = 1, FRAME_ENTRIES = 2, FRAME_DEFLATED = 3, FRAME_END = 4 };
void out_begin_frames(struct out *out);
void out_frame(struct out *out, enum frame_kind kind, const struct iovec *pieces, size_t count);

/* A line: {"record":"<record>", … }. */
void out_line(struct out *out, const char *record);
void out_end_line(struct out *out);

void out_u64(struct out *out, const char *name, uint64_t value);
void out_i64(struct out *out, const char *name, int64_t value);
void out_f64(struct out *out, const char *name, double value);
void out_bool(struct out *out, const char *name, bool value);
void out_null(struct out *out, const char *name);
/* Up to the first zero byte or `size` bytes. */
void out_text(struct out *out, const char *name, const char *text, size_t size);
void out_str(struct out *out, const char *name, const char *text);
/* Bytes as hex digits. */
void out_hex(struct out *out, const char *name, const void *bytes, size_t size);
/* Network byte order; `family` AF_INET reads four bytes, AF_INET6 sixteen (v4-mapped is written as IPv4). */
void out_ip(struct out *out, const char *name, int family, const void *address);
/* Ready-made JSON. */
void out_raw(struct out *out, const char *name, const char *json);
/* Members or elements until the matching end; `name` is NULL within a list. */
void out_begin_object(struct out *out, const char *name);
void out_end_object(struct out *out);
void out_begin_list(struct out *out, const char *name);
void out_end_list(struct out *out);

#endif
