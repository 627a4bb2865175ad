/* SPDX-License-Identifier: MIT */
/* What the device saw: counted while it runs, written as JSON at the end. */
#ifndef TB_ACCOUNT_H
#define TB_ACCOUNT_H

#include "client.h"

/* Why a submission was turned away before any engine saw it. */
enum tb_refusal {
	TB_REFUSED_FULL, /* EAGAIN, Retry */
	TB_REFUSED_ON_REQUEST, /* busy_every */
	TB_REFUSED_DISABLED,
	TB_REFUSED_WRONG_STORE,
	TB_REFUSED_BATCH, /* write(2): EINVAL */
	TB_REFUSED_ALIGNMENT, /* write(2): EINVAL */
	TB_REFUSED_OTHER_MM, /* EPERM */
	TB_REFUSED_MMAP, /* EPERM, EINVAL */
	TB_REFUSED_NO_CONTEXT, /* ENQCMD of a process that has not opened it */
	TB_REFUSALS
};

/* How a descriptor ended. */
struct tb_ending {
	uint8_t opcode, status;
	uint64_t bytes; /* written to the client's buffers */
	uint64_t size; /* transfer size asked for */
	bool is_silent, is_late, is_lost; /* lost: record not writable */
	bool is_made; /* trouble on request */
	uint32_t done; /* bytes, as the record says */
};

/* These are called with tb_lock held. */
void tb_account_end(const struct tb_client *client, const struct tb_ending *e);

/* The same of a member of a batch, whose bytes are the batch's as well. */
void tb_account_member(const struct tb_client *client,
		       const struct tb_ending *e);

void tb_account_refuse(const struct tb_wq *wq, pid_t pid, enum tb_refusal why);

/* What was taken, and is thrown away with its queue. */
void tb_account_drop(const struct tb_wq *wq, const struct tb_slot *slot);

/* An open file, of process client->pid. */
void tb_account_open(const struct tb_client *client);

/* The account as JSON to the file descriptor; 0 or -1. */
int tb_account_write(int fd);

#endif
