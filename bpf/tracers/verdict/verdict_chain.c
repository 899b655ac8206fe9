// SPDX-License-Identifier: Apache-2.0
/* Whether the chosen hook still holds the programs it held when the run began: those that came later are not traced. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "verdict_targets.h"

struct reading {
	const struct targets *targets;
	struct chain now;
};

static int on_entry(const struct hook_entry *entry, void *context)
{
	struct reading *reading = context;

	if (is_of_chosen_hook(reading->targets, entry) && reading->now.count < MAX_TARGETS)
		reading->now.prog_ids[reading->now.count++] = entry->prog_id;
	return 0;
}

static int read_chain(void *context)
{
	struct reading *reading = context;
	uint32_t unknown = 0;

	return hooks_of_ifindex(reading->targets->ifindex, on_entry, reading, &unknown);
}

static const char *write_chain(const struct chain *chain, char *to, size_t size)
{
	size_t used = (size_t)snprintf(to, size, "%s", chain->count ? "" : "none");

	for (size_t i = 0; i < chain->count && used < size; i++)
		used += (size_t)snprintf(to + used, size - used, "%s%u", i ? ", " : "", chain->prog_ids[i]);
	return to;
}

void chain_watch(struct run *run, struct targets *targets)
{
	struct reading reading = { .targets = targets };
	int result;
	char ids[400];

	if (!targets->ifindex)
		return;
	result = netns_within(&targets->netns, read_chain, &reading);
	/* Gone with its interface. */
	if (result == -ENODEV)
		reading.now.count = 0;
	else if (result)
		return;
	if (reading.now.count == targets->chain.count &&
	    !memcmp(reading.now.prog_ids, targets->chain.prog_ids, reading.now.count * sizeof(reading.now.prog_ids[0])))
		return;
	targets->chain = reading.now;
	run_note_again(run, "chain-changed");
	run_note(run, "chain-changed",
		 "The programs of %s are others than before: %s. Only those that were there when the run began are traced: start it again.",
		 param_text(run, "ifname"), write_chain(&reading.now, ids, sizeof(ids)));
}
