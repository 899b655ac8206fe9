/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the lab's programs and its loader both know: slots of the prog arrays and the per-endpoint
 * configuration that is written into .rodata.config before a program is loaded.
 */
#ifndef BPFDESK_LAB_H
#define BPFDESK_LAB_H

#include <linux/types.h>

/* Slots of cilium_calls_*, one prog array per endpoint, per host and per XDP instance. */
enum lab_call {
	CALL_IPV4 = 7,
	CALL_IPV4_CT_EGRESS = 27,
	CALL_IPV4_CT_INGRESS = 25,
	CALL_IPV4_FROM_HOST = 22,
	CALL_NODEPORT_REVNAT = 18,
	CALL_NODEPORT_NAT_EGRESS = 15,
	CALL_XDP_LB = 2,
	CALL_MAX = 50,
};

/* Size of cilium_call_policy: endpoint ids are below it. */
#define POLICY_CALL_MAX 4096

struct lab_config {
	__u32 endpoint_id;
	__u32 security_id;
	/* 1: no per-endpoint tail calls behind the entry programs. */
	__u32 lean;
	/* Previous version only: drop one packet in this many, 0 drops none. */
	__u32 drop_every;
};

#endif
