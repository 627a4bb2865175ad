// SPDX-License-Identifier: MIT
/*
 * Room: WARM.  Counts under tb_lock; writes JSON once, at the end.
 * May: allocate a row per process.  Must not: fail anything when it can't.
 */
#include "account.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct tally {
	uint64_t descriptors, bytes, size;
	uint64_t silent, late, lost, made, dropped;
	uint64_t opcode[256], opcode_bytes[256], status[256];
	uint64_t refused[TB_REFUSALS];
};

struct row {
	struct row *next;
	pid_t pid;
	char comm[16];
	uint64_t opens;
	struct tally tally;
};

static struct row *rows;
/* Where made page faults stopped moves and fills, by status. */
#define MOST_OFFSETS 65536U
static uint8_t stops[2][4][MOST_OFFSETS];
static const uint8_t faults[4] = {0x03, 0x83, 0x04, 0x84};

static struct tally queues[TB_MAX_QUEUES];
static struct tally total;

static const char *const refusals[TB_REFUSALS] = {
	[TB_REFUSED_FULL] = "full",
	[TB_REFUSED_ON_REQUEST] = "on_request",
	[TB_REFUSED_DISABLED] = "disabled",
	[TB_REFUSED_WRONG_STORE] = "wrong_store",
	[TB_REFUSED_BATCH] = "batch",
	[TB_REFUSED_ALIGNMENT] = "alignment",
	[TB_REFUSED_OTHER_MM] = "other_mm",
	[TB_REFUSED_MMAP] = "mmap",
	[TB_REFUSED_NO_CONTEXT] = "no_context",
};

static const char *const opcodes[256] = {
	[DSA_OPCODE_NOOP] = "noop",       [DSA_OPCODE_BATCH] = "batch",
	[DSA_OPCODE_DRAIN] = "drain",     [DSA_OPCODE_MEMMOVE] = "memmove",
	[DSA_OPCODE_MEMFILL] = "fill",    [DSA_OPCODE_COMPARE] = "compare",
	[DSA_OPCODE_COMPVAL] = "compval", [DSA_OPCODE_DUALCAST] = "dualcast",
	[DSA_OPCODE_CRCGEN] = "crcgen",   [DSA_OPCODE_COPY_CRC] = "copy_crc",
	[DSA_OPCODE_CFLUSH] = "cflush",
};

static struct row *row_of(pid_t pid)
{
	struct row *row;

	for (row = rows; row; row = row->next)
		if (row->pid == pid)
			return row;
	row = calloc(1, sizeof(*row));
	if (!row)
		return NULL;
	row->pid = pid;
	row->next = rows;
	rows = row;
	return row;
}

static void add_kind(struct tally *t, const struct tb_ending *e)
{
	t->opcode[e->opcode]++;
	t->status[e->status]++;
	t->opcode_bytes[e->opcode] += e->bytes;
	if (e->opcode != DSA_OPCODE_NOOP && e->opcode != DSA_OPCODE_DRAIN &&
	    e->opcode != DSA_OPCODE_BATCH)
		t->size += e->size;
}

static void add(struct tally *t, const struct tb_ending *e)
{
	add_kind(t, e);
	t->descriptors++;
	t->bytes += e->bytes;
	t->silent += e->is_silent;
	t->late += e->is_late;
	t->lost += e->is_lost;
	t->made += e->is_made;
}

static void add_stop(const struct tb_ending *e)
{
	bool is_fill = e->opcode == DSA_OPCODE_MEMFILL;

	if (!e->is_made || e->done >= MOST_OFFSETS ||
	    (!is_fill && e->opcode != DSA_OPCODE_MEMMOVE))
		return;
	for (int i = 0; i < 4; i++)
		if (e->status == faults[i])
			stops[is_fill][i][e->done] = 1;
}

void tb_account_end(const struct tb_client *client, const struct tb_ending *e)
{
	struct row *row = row_of(client->pid);

	add(&total, e);
	add_stop(e);
	add(&queues[client->wq->queue], e);
	if (row)
		add(&row->tally, e);
}

void tb_account_member(const struct tb_client *client,
		       const struct tb_ending *e)
{
	struct row *row = row_of(client->pid);

	add_kind(&total, e);
	add_kind(&queues[client->wq->queue], e);
	if (row)
		add_kind(&row->tally, e);
}

void tb_account_refuse(const struct tb_wq *wq, pid_t pid, enum tb_refusal why)
{
	struct row *row = row_of(pid);

	total.refused[why]++;
	queues[wq->queue].refused[why]++;
	if (row)
		row->tally.refused[why]++;
}

void tb_account_drop(const struct tb_wq *wq, const struct tb_slot *slot)
{
	const struct dsa_hw_desc *desc = (const void *)slot->desc;
	struct row *row = row_of((pid_t)slot->pid);
	uint32_t n = desc->opcode == DSA_OPCODE_BATCH ? desc->desc_count : 1;

	total.dropped += n;
	queues[wq->queue].dropped += n;
	if (row)
		row->tally.dropped += n;
}

void tb_account_open(const struct tb_client *client)
{
	struct row *row = row_of(client->pid);

	if (!row)
		return;
	row->opens++;
	memcpy(row->comm, client->comm, sizeof(row->comm));
}

static void put(json_object *to, const char *key, uint64_t value)
{
	json_object_object_add(to, key, json_object_new_uint64(value));
}

static json_object *counts(const uint64_t n[256], const char *const names[256])
{
	json_object *obj = json_object_new_object();
	char key[8];

	for (int i = 0; i < 256; i++) {
		snprintf(key, sizeof(key), "0x%02x", i);
		if (n[i])
			put(obj, names && names[i] ? names[i] : key, n[i]);
	}
	return obj;
}

static void put_tally(json_object *obj, const struct tally *t)
{
	json_object *refused = json_object_new_object();

	put(obj, "descriptors", t->descriptors);
	put(obj, "bytes", t->bytes);
	put(obj, "transfer_size", t->size);
	json_object_object_add(obj, "opcodes", counts(t->opcode, opcodes));
	json_object_object_add(obj, "opcode_bytes",
			       counts(t->opcode_bytes, opcodes));
	json_object_object_add(obj, "statuses", counts(t->status, NULL));
	for (int i = 0; i < TB_REFUSALS; i++)
		if (t->refused[i])
			put(refused, refusals[i], t->refused[i]);
	json_object_object_add(obj, "refused", refused);
	put(obj, "silent", t->silent);
	put(obj, "late", t->late);
	put(obj, "lost", t->lost);
	put(obj, "dropped", t->dropped);
	put(obj, "made_to_fail", t->made);
}

/* At how many different bytes, from the start, faults were made. */
static json_object *put_stops(void)
{
	json_object *all = json_object_new_object();

	for (int op = 0; op < 2; op++) {
		json_object *obj = json_object_new_object();

		for (int i = 0; i < 4; i++) {
			uint64_t n = 0;
			char key[8];

			for (size_t at = 0; at < MOST_OFFSETS; at++)
				n += stops[op][i][at];
			snprintf(key, sizeof(key), "0x%02x", faults[i]);
			if (n)
				put(obj, key, n);
		}
		json_object_object_add(all, op ? "fill" : "memmove", obj);
	}
	return all;
}

/* What clients did to the shared queue by themselves, with ENQCMD. */
static void take_over(uint32_t q)
{
	const struct tb_queue *queue = &tb_world.shm->queues[q];
	uint64_t n[4] = {atomic_load(&queue->full),
			 atomic_load(&queue->made_busy),
			 atomic_load(&queue->disabled),
			 atomic_load(&queue->wrong_store)};
	static const enum tb_refusal why[4] = {
		TB_REFUSED_FULL, TB_REFUSED_ON_REQUEST, TB_REFUSED_DISABLED,
		TB_REFUSED_WRONG_STORE};

	for (int i = 0; i < 4; i++) {
		queues[q].refused[why[i]] += n[i];
		total.refused[why[i]] += n[i];
	}
}

static json_object *put_queues(void)
{
	json_object *list = json_object_new_array();

	for (uint32_t q = 0; q < TB_MAX_QUEUES; q++) {
		const struct tb_wq *wq = tb_wq_of_queue(q);
		json_object *obj;
		char name[16];

		if (!wq || (!wq->size && !queues[q].descriptors))
			continue;
		take_over(q);
		obj = json_object_new_object();
		json_object_object_add(
			obj, "queue",
			json_object_new_string(tb_wq_name(wq, name)));
		put_tally(obj, &queues[q]);
		put(obj, "peak_occupancy",
		    atomic_load(&tb_world.shm->queues[q].peak));
		json_object_array_add(list, obj);
	}
	return list;
}

static json_object *put_rows(void)
{
	json_object *list = json_object_new_array();

	for (const struct row *row = rows; row; row = row->next) {
		json_object *obj = json_object_new_object();

		put(obj, "pid", (uint64_t)row->pid);
		json_object_object_add(obj, "comm",
				       json_object_new_string(row->comm));
		put(obj, "opens", row->opens);
		put_tally(obj, &row->tally);
		json_object_array_add(list, obj);
	}
	return list;
}

int tb_account_write(int fd)
{
	json_object *all = json_object_new_object(), *part, *list;
	const char *text;
	ssize_t n;

	pthread_mutex_lock(&tb_lock);
	list = put_queues();
	part = json_object_new_object();
	put_tally(part, &total);
	put(part, "traps", atomic_load(&tb_world.shm->traps));
	json_object_object_add(part, "fault_offsets", put_stops());
	put(part, "thunks", atomic_load(&tb_world.shm->thunks));
	json_object_object_add(
		all, "submit",
		json_object_new_string(
			tb_world.submit == TB_SUBMIT_WRITE ? "write" : "mmap"));
	json_object_object_add(all, "total", part);
	json_object_object_add(all, "queues", list);
	json_object_object_add(all, "processes", put_rows());
	pthread_mutex_unlock(&tb_lock);
	text = json_object_to_json_string_ext(all, JSON_C_TO_STRING_PRETTY);
	n = write(fd, text, strlen(text));
	n += write(fd, "\n", 1);
	json_object_put(all);
	return n > 1 ? 0 : -1;
}
