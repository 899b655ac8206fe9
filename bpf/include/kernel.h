/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's own structures, as far as tracers read them: only the members that are read, found by CO-RE
 * relocation whatever the kernel's layout is. Members that not every kernel has are asked for with
 * bpf_core_field_exists() before they are read. Structs of the user API come from the linux/ headers.
 */
#ifndef BPFDESK_KERNEL_H
#define BPFDESK_KERNEL_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
	unsigned int inum;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct net {
	struct ns_common ns;
};

struct in6_addr_words {
	__u32 word[4];
};

struct hlist_node;

struct kernfs_node {
	/* An inode number in its low 32 bits; the whole is what statx and the cgroup helpers give. */
	__u64 id;
	/* Renamed to __parent by 633488947ef6 (6.15). */
	struct kernfs_node *parent;
	const char *name;
};

struct cgroup_root {
	/* 0 is the default hierarchy, cgroup2. */
	int hierarchy_id;
};

struct cgroup {
	struct kernfs_node *kn;
	struct cgroup_root *root;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct qstr d_name;
	struct dentry *d_parent;
	struct inode *d_inode;
};

struct path {
	struct dentry *dentry;
};

struct inode {
	unsigned long i_ino;
	__u16 i_mode;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
	void *private_data;
	const void *f_op;
};

struct mm_struct {
	struct file *exe_file;
	/* With CONFIG_MEMCG. */
	struct task_struct *owner;
};

struct nsproxy {
	struct net *net_ns;
};

struct task_struct {
	int pid;
	int tgid;
	unsigned int flags;
	char comm[16];
	struct task_struct *group_leader;
	struct task_struct *real_parent;
	__u64 start_time;
	/* Was real_start_time before cf25e24db61c (5.5). */
	__u64 start_boottime;
	struct mm_struct *mm;
	struct css_set *cgroups;
	struct nsproxy *nsproxy;
};

struct list_head {
	struct list_head *next;
};

struct net_device {
	char name[16];
	int ifindex;
	/* ARPHRD_x: what its frames begin with. */
	unsigned short type;
	possible_net_t nd_net;
	struct {
		struct list_head upper;
	} adj_list;
};

/* Of net/core/dev.c: a device above or below another. */
struct netdev_adjacent {
	struct net_device *dev;
	struct list_head list;
};

struct sock_common {
	__u16 skc_family;
	volatile unsigned char skc_state;
	__u32 skc_daddr;
	__u32 skc_rcv_saddr;
	__u16 skc_dport;
	__u16 skc_num;
	struct in6_addr_words skc_v6_daddr;
	struct in6_addr_words skc_v6_rcv_saddr;
	possible_net_t skc_net;
	unsigned long skc_flags;
	__u64 skc_cookie_counter;
};

struct sock_cgroup_data {
	/* Since 8520e224f547 (5.16) a pointer of its own. */
	struct cgroup *cgroup;
};

struct sock_cgroup_data___val {
	/* Before 8520e224f547: the pointer, or with one of its two lowest bits set none. */
	__u64 val;
};

struct socket {
	struct file *file;
	struct sock *sk;
};

typedef struct {
	unsigned int val;
} kuid_t;

typedef struct {
	/* Not 0 while a process works with the socket; softirq leaves it alone then. */
	int owned;
} socket_lock_t;

struct sock {
	struct sock_common __sk_common;
	socket_lock_t sk_lock;
	int sk_err;
	unsigned char sk_shutdown;
	__u16 sk_type;
	__u16 sk_protocol;
	struct socket *sk_socket;
	kuid_t sk_uid;
	struct sock_cgroup_data sk_cgrp_data;
};

struct sk_buff {
	union {
		struct net_device *dev;
	};
	struct sock *sk;
	unsigned int len;
	unsigned int data_len;
	__u32 mark;
	__u32 hash;
	int skb_iif;
	__u8 tc_at_ingress : 1;
	__be16 protocol;
	__u16 transport_header;
	__u16 network_header;
	__u16 mac_header;
	/* An offset from `head` on every 64-bit kernel (NET_SKBUFF_DATA_USES_OFFSET). */
	unsigned int end;
	unsigned char *head;
	unsigned char *data;
	char cb[48];
};

/* At `end`. */
struct skb_shared_info {
	unsigned short gso_size;
	unsigned short gso_segs;
};

/* In sk_buff.cb of a segment. */
struct tcp_skb_cb {
	__u16 tcp_gso_segs;
	/* 16 bits wide since the ninth flag of TCP's header was put to use (6.15); SYN is in the low byte. */
	__u8 tcp_flags;
	__u8 sacked;
};

struct inet_sock {
	/* Stays when the socket gives up its port (skc_num). */
	__be16 inet_sport;
};

struct inet_connection_sock {
	__u32 icsk_rto;
	__u8 icsk_ca_state : 5;
	__u8 icsk_retransmits;
	__u8 icsk_pending;
};

struct tcp_sock {
	__u32 rcv_nxt;
	__u32 snd_nxt;
	__u32 segs_out;
	__u32 segs_in;
	/* Of data: all, and those that were sent again. */
	__u64 bytes_sent;
	__u64 bytes_retrans;
	/* A FIN that was received counts as one. */
	__u64 bytes_received;
	__u32 total_retrans;
	__u32 srtt_us;
	__u32 snd_cwnd;
};

struct request_sock {
	struct sock_common __req_common;
	__u8 num_retrans;
};

/* The tracepoint's record, which tells whether its program is given `err`, too. */
struct trace_event_raw_tcp_retransmit_skb {
	int err;
};

struct xdp_rxq_info {
	struct net_device *dev;
};

struct xdp_buff {
	void *data;
	void *data_end;
	struct xdp_rxq_info *rxq;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_map {
	enum bpf_map_type map_type;
	__u32 id;
};

/* Begins with its struct bpf_map. */
struct lpm_trie {
	unsigned long n_entries;
};

/* Of the iterator over maps; `map` is NULL at its end. */
struct bpf_iter__bpf_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
};

/* Of the iterator over a map's entries; either is NULL at its end. */
struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key;
	void *value;
};

/* Of the iterator over open files; either is NULL at its end. */
struct bpf_iter__task_file {
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

#pragma clang attribute pop

/* Their numbers differ from kernel to kernel: bpf_core_enum_value(). */
enum sock_flags {
	SOCK_DEAD,
	SOCK_DONE,
};

enum skb_drop_reason {
	SKB_DROP_REASON_TC_INGRESS,
	SKB_DROP_REASON_TC_EGRESS,
};

#endif
