/* SPDX-License-Identifier: MIT */
/* On which NUMA node a buffer is (numa=buffer). */
#ifndef DSAM_NODE_H
#define DSAM_NODE_H

#include "dsamove.h"

#define DSAM_NODES 16U

/* What a thread remembers, by range of 2 MiB. */
struct dsam_nodes {
	struct dsam_node {
		uintptr_t range; /* address / 2 MiB, + 1; 0: empty */
		uint64_t until; /* ticks: asked again after that */
		int node;
	} of[DSAM_NODES];
};

/*
 * The node of the page at p, as of at most a second ago; -1: not known, or
 * not present.  Asks by move_pages(2), which brings no page in; where that is
 * forbidden it is asked no more often.
 */
int dsam_node_of(struct dsam_nodes *c, const void *p);

#endif
