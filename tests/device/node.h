/* SPDX-License-Identifier: MIT */
/* The nodes /dev/dsa/wqX.Y, by the rules of drivers/dma/idxd/cdev.c. */
#ifndef TB_NODE_H
#define TB_NODE_H

#include "client.h"

/* 0 or -errno; *client for the calls below. */
int tb_node_open(struct tb_wq *wq, pid_t tid, struct tb_client **client);

/*
 * How many bytes of size were taken, or -errno if none were; arrival_tsc: when
 * the call of write(2) began.
 */
int tb_node_write(struct tb_client *client, pid_t tid, const char *buf,
		  size_t size, uint64_t arrival_tsc);

/* close(2) by thread tid: waits for the client's descriptors. */
void tb_node_flush(struct tb_client *client, pid_t tid);

/* The last reference, a mapping included, is gone. */
void tb_node_release(struct tb_client *client);

/* May thread tid map length bytes?  0 or -errno. */
int tb_node_mmap(struct tb_wq *wq, pid_t tid, size_t length);

/* Thread tid is about to unmap the page at addr: drain if it is a portal. */
void tb_node_unmap(pid_t tid, uint64_t addr);

#endif
