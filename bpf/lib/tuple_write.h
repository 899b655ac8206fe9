/* SPDX-License-Identifier: Apache-2.0 */
/* The members of a record that say between whom a packet was. */
#ifndef BPFDESK_TUPLE_WRITE_H
#define BPFDESK_TUPLE_WRITE_H

#include "../include/tuple.h"
#include "out.h"

/*
 * Writes family (text: "ipv4", "ipv6", "arp", or the number "0x88cc"; null), proto ("tcp", …, or its number; null), src, dst
 * (ip; null), sport and dport (port; null for protocols without). What is not known is null.
 */
void tuple_write(struct out *out, const struct tuple *tuple);
/* "SYN,ACK"; `size` of 48 is enough for all of them. */
const char *tcp_flags_text(uint8_t flags, char *to, size_t size);

#endif
