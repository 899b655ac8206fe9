/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of lab-agent ask of each other. Whatever fails ends the process with the line of the plan it was at. */
#ifndef BPFDESK_LAB_AGENT_H
#define BPFDESK_LAB_AGENT_H

struct bpf_object;
struct bpf_program;

/* plan.c: says what failed and at which line, and ends with code 1. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);
/* Carries out every line on stdin. */
void carry_out_plan(void);

/* objects.c: `words` and `count` are those of a line `load`. */
void load(char **words, int count);
/* What VAR:NAME stands for. */
struct bpf_program *prog_named(const char *word);
int prog_fd(const char *word);
int map_fd(const char *word);
/* mkdir -p of everything above the last slash. */
void make_parents(const char *path);
void report_link(int fd, const char *name);

/* attach.c: lines of a plan with the number of words they need. */
void clsact(const char *name);
void filter(char **words);
void xdp(char **words, int count);
void xdp_plain(char **words);
void cgroup(char **words, int count);
void trace(const char *word);
/* ingress and egress are tcx's, primary and peer netkit's. `pin` may be NULL. */
void mprog(char **words, const char *pin);
void mprog_plain(char **words);
void query(const char *name, const char *point);

#endif
