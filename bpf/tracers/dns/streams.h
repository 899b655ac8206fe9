/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS over TCP: pieces of segments in, whole messages out (RFC 7766: each behind its length in two bytes). Segments may
 * come twice, overlap and come in any order; several messages may share one, and one may take many.
 */
#ifndef BPFDESK_DNS_STREAMS_H
#define BPFDESK_DNS_STREAMS_H

#include "dns.h"
#include "message.h"

struct dns_streams;

/*
 * A message of one direction of a connection; `packet` is the piece that ended it, `process`
 * (may be NULL) the one that was told last.
 */
typedef void (*dns_stream_message)(void *context, const struct dns_packet *packet, const struct process *process,
				   struct dns_bytes bytes);

struct dns_streams *dns_streams_new(dns_stream_message message, void *context);
void dns_streams_free(struct dns_streams *streams);
void dns_streams_take(struct dns_streams *streams, const struct dns_packet *packet, const struct process *process,
		      const uint8_t *bytes);
/* Since the last call: directions that were given up because there were too many. */
uint64_t dns_streams_evicted(struct dns_streams *streams);

#endif
