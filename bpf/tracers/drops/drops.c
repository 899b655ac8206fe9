// SPDX-License-Identifier: Apache-2.0
/* drops, user side: loads the program and writes what it tells. */
#include "drops.meta.h"
#include "drops.h"
#include "drops.skel.h"

struct state {
	struct drops_bpf *skeleton;
};

static int on_event(void *context, void *data, size_t size)
{
	struct run *run = context;
	const struct drop_event *event = data;
	struct out *out = emit(run, DROPS_DROP);

	out_u64(out, "time_us", epoch_us(run, event->time_ns));
	out_u64(out, "reason", event->reason);
	out_u64(out, "len", event->len);
	out_u64(out, "pid", event->pid);
	out_text(out, "comm", event->comm, sizeof(event->comm));
	emit_end(run);
	return 0;
}

static int start(struct run *run)
{
	struct state *state = run_state(run, sizeof(*state));

	state->skeleton = drops_bpf__open_and_load();
	if (!state->skeleton)
		return run_fall_back(run, "its program does not load: %s", last_libbpf_warning());
	if (run_add_object(run, state->skeleton->obj) ||
	    run_add_ring(run, bpf_map__fd(state->skeleton->maps.events), on_event, run))
		return -1;
	if (drops_bpf__attach(state->skeleton))
		return run_fall_back(run, "its program does not attach: %s", last_libbpf_warning());
	return 0;
}

static void stop(struct run *run)
{
	struct state *state = run_state(run, sizeof(*state));

	drops_bpf__destroy(state->skeleton);
	state->skeleton = NULL;
}

static const struct tracer tracer = { .meta = &drops_meta, .start = start, .stop = stop };
REGISTER_TRACER(tracer);
