// SPDX-License-Identifier: Apache-2.0
/* Names of verdicts, from the kernel's user headers (pkt_cls.h, bpf.h), by slot: a value's slot is one above it. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "verdict.h"
#include "verdict_names.h"

#define BIT(value) (1u << VERDICT_SLOT(value))

static const char *const names[NAMINGS][VERDICT_SLOTS] = {
	[NAMES_TC] = {
		"TC_ACT_UNSPEC", "TC_ACT_OK", "TC_ACT_RECLASSIFY", "TC_ACT_SHOT", "TC_ACT_PIPE", "TC_ACT_STOLEN", "TC_ACT_QUEUED",
		"TC_ACT_REPEAT", "TC_ACT_REDIRECT", "TC_ACT_TRAP",
	},
	/* cls_bpf_classify: -1 is the filter's own class, 0 no match, others a class. */
	[NAMES_CLASS] = { "own class", "no match" },
	/* tcx_action_code: whatever is none of these goes on like TCX_NEXT. */
	[NAMES_TCX] = { "TCX_NEXT", "TCX_PASS", [3] = "TCX_DROP", [8] = "TCX_REDIRECT" },
	[NAMES_NETKIT] = { "NETKIT_NEXT", "NETKIT_PASS", [3] = "NETKIT_DROP", [8] = "NETKIT_REDIRECT" },
	[NAMES_XDP] = { NULL, "XDP_ABORTED", "XDP_DROP", "XDP_PASS", "XDP_TX", "XDP_REDIRECT" },
};

static const char *const prefixes[NAMINGS] = {
	[NAMES_TC] = "TC_ACT_", [NAMES_CLASS] = "", [NAMES_TCX] = "TCX_", [NAMES_NETKIT] = "NETKIT_", [NAMES_XDP] = "XDP_",
};

const char *verdict_name(enum naming naming, uint32_t slot)
{
	const char *name = slot < VERDICT_SLOTS ? names[naming][slot] : NULL;

	return name ? name : naming == NAMES_CLASS ? "class" : "other";
}

uint32_t verdict_drops(enum naming naming)
{
	switch (naming) {
	case NAMES_TC:
	case NAMES_TCX:
		return BIT(2);
	case NAMES_NETKIT:
		/* netkit_xmit: a value it does not know drops as well. */
		return ~(BIT(-1) | BIT(0) | BIT(7)) & 0xffff;
	case NAMES_XDP:
		/* bpf_prog_run_generic_xdp and drivers: a value they do not know is one of XDP_ABORTED. */
		return ~(BIT(2) | BIT(3) | BIT(4)) & 0xffff;
	case NAMES_CLASS:
	case NAMINGS:
		return 0;
	}
	return 0;
}

bool verdict_word(const char *word, uint32_t slots[NAMINGS])
{
	bool known = false;

	for (enum naming naming = 0; naming < NAMINGS; naming++) {
		uint32_t meant = 0;

		if (!strcasecmp(word, "all"))
			meant = 0xffff;
		else if (!strcasecmp(word, "drop"))
			meant = verdict_drops(naming);
		for (uint32_t slot = 0; slot < VERDICT_SLOTS; slot++) {
			const char *name = names[naming][slot];

			if (name && (!strcasecmp(word, name) || !strcasecmp(word, name + strlen(prefixes[naming]))))
				meant |= 1u << slot;
		}
		slots[naming] |= meant;
		known = known || meant;
	}
	return known;
}

const char *verdict_words(char *to, size_t size)
{
	size_t used = (size_t)snprintf(to, size, "drop, all");

	for (enum naming naming = 0; naming < NAMINGS; naming++)
		for (uint32_t slot = 0; slot < VERDICT_SLOTS && used < size; slot++)
			if (names[naming][slot] && naming != NAMES_CLASS)
				used += (size_t)snprintf(to + used, size - used, ", %s", names[naming][slot]);
	return to;
}
