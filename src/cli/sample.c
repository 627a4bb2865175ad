// SPDX-License-Identifier: MIT
/*
 * Room: COLD (the command).  Reads all live files, and subtracts.
 * May: read sysfs; sleep.  Must not: print, keep what a process wrote into
 * its file out of its own row.
 */
#include "sample.h"

#include "clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOOKS 20U

struct taking {
	struct cli_sample *s;
	bool clean_all;
};

static void add_flow(struct cli_flow *f, const struct dsam_thread_stats *t)
{
	for (int op = 0; op < DSAM_OPS; op++) {
		const struct dsam_op_stats *o = &t->op[op];

		for (int r = 0; r < DSAM_ROUTES; r++) {
			f->calls += o->calls[r];
			f->bytes += o->bytes[r];
			f->route_calls[r] += o->calls[r];
		}
		f->device_bytes += o->device_bytes;
		f->wait_ns += o->wait_ns;
		for (int w = 0; w < DSAM_WHYS; w++) {
			f->why_calls[w] += o->why_calls[w];
			f->why_bytes[w] += o->why_bytes[w];
		}
	}
}

/* The process as a whole, with what is no thread's. */
static void add_all(struct cli_flow *f, const struct dsam_report *r)
{
	add_flow(f, &r->total);
	for (int op = 0; op < DSAM_OPS; op++)
		for (int w = 0; w < DSAM_WHYS; w++) {
			f->calls += r->outside_calls[op][w];
			f->bytes += r->outside_bytes[op][w];
			f->route_calls[DSAM_ROUTE_CPU] +=
				r->outside_calls[op][w];
			f->why_calls[w] += r->outside_calls[op][w];
			f->why_bytes[w] += r->outside_bytes[op][w];
		}
}

/* Counters are read one after the other, and threads' rows are reused. */
static void subtract(struct cli_flow *to, const struct cli_flow *from)
{
	uint64_t *t = (uint64_t *)to;
	const uint64_t *f = (const uint64_t *)from;

	for (size_t i = 0; i < sizeof(*to) / sizeof(*t); i++)
		t[i] = t[i] > f[i] ? t[i] - f[i] : 0;
}

static void subtract_rows(struct cli_process *p, const struct cli_process *old)
{
	for (unsigned i = 0; i < p->report->rows; i++)
		for (unsigned k = 0; k < old->report->rows; k++) {
			struct cli_flow then = {0};

			if (old->report->row[k].tid != p->report->row[i].tid)
				continue;
			add_flow(&then, old->report->row[k].stats);
			subtract(&p->row_flow[i], &then);
			break;
		}
}

static bool is_same(const struct cli_process *a, const struct cli_process *b)
{
	return a->file.pid == b->file.pid &&
	       a->file.st.st_ino == b->file.st.st_ino &&
	       a->file.live->head.born_ns == b->file.live->head.born_ns;
}

static void compare(struct cli_sample *s, const struct cli_sample *before)
{
	s->span_ns = before ? s->at_ns - before->at_ns : 0;
	for (unsigned i = 0; i < s->count; i++) {
		struct cli_process *p = s->process[i];

		p->flow = p->all;
		for (unsigned k = 0; k < p->report->rows; k++)
			add_flow(&p->row_flow[k], p->report->row[k].stats);
		for (unsigned k = 0; before && k < before->count; k++)
			if (is_same(p, before->process[k])) {
				subtract(&p->flow, &before->process[k]->all);
				subtract_rows(p, before->process[k]);
				break;
			}
	}
}

static void drop(struct cli_process *p)
{
	free(p->file.live);
	free(p->report);
	free(p);
}

static bool take(struct cli_file *f, void *user)
{
	struct taking *t = user;
	struct cli_process *p;

	if (t->s->count == CLI_MOST_PROCESSES) {
		t->s->hidden++;
		return true;
	}
	p = calloc(1, sizeof(*p));
	if (p)
		p->report = malloc(sizeof(*p->report));
	if (!p || !p->report || !cli_file_read(f)) {
		if (p)
			free(p->report);
		free(p);
		return true;
	}
	p->file = *f;
	cli_file_judge(&p->file);
	dsam_report_from_live(p->report, p->file.live, p->file.life);
	dsam_text_printable(p->report->about.program);
	add_all(&p->all, p->report);
	/* What ended without a big copy has nothing to tell. */
	if (cli_file_clean(&p->file, t->clean_all || !p->report->calls))
		drop(p);
	else
		t->s->process[t->s->count++] = p;
	return true;
}

static int by_bytes(const void *a, const void *b)
{
	const struct cli_process *p = *(struct cli_process *const *)a;
	const struct cli_process *q = *(struct cli_process *const *)b;

	if (p->file.life != q->file.life)
		return p->file.life < q->file.life ? -1 : 1;
	if (p->flow.bytes != q->flow.bytes)
		return p->flow.bytes > q->flow.bytes ? -1 : 1;
	return p->file.pid < q->file.pid ? -1 : 1;
}

/* The queues of all running processes, each once. */
static void find_queues(struct cli_sample *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		const struct dsam_about *a = &s->process[i]->report->about;

		if (a->is_software ||
		    s->process[i]->file.life != DSAM_LIFE_RUNNING)
			continue;
		for (unsigned k = 0; k < a->queues; k++) {
			struct cli_queue *q = &s->queue[s->queues];
			unsigned n = 0;

			while (n < s->queues &&
			       strcmp(s->queue[n].name, a->queue[k].name) != 0)
				n++;
			if (n < s->queues || n == DSAM_MAX_QUEUES ||
			    strchr(a->queue[k].name, '/'))
				continue;
			memcpy(q->name, a->queue[k].name, sizeof(q->name));
			dsam_text_printable(q->name);
			q->size = a->queue[k].size;
			s->queues++;
		}
	}
}

void cli_sample_take(struct cli_sample *s, const struct cli_sample *before,
		     int pid, bool clean_all)
{
	struct taking t = {s, clean_all};

	memset(s, 0, sizeof(*s));
	s->at_ns = dsam_clock_monotonic();
	cli_files_each(pid, take, &t);
	compare(s, before);
	qsort(s->process, s->count, sizeof(struct cli_process *), by_bytes);
	find_queues(s);
	/* Looks were made since the sample before. */
	for (unsigned i = 0; i < s->queues; i++)
		for (unsigned k = 0; before && k < before->queues; k++)
			if (!strcmp(s->queue[i].name, before->queue[k].name))
				s->queue[i] = before->queue[k];
}

static void look_at(struct cli_queue *q)
{
	char path[96], text[32];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/bus/dsa/devices/%s/occupancy",
		 q->name);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fgets(text, sizeof(text), f) && text[0] >= '0' && text[0] <= '9') {
		unsigned n = (unsigned)strtoul(text, NULL, 10);

		q->looks++;
		q->sum += n;
		q->most = n > q->most ? n : q->most;
	}
	fclose(f);
}

void cli_sample_wait(struct cli_sample *s, uint64_t ns)
{
	uint64_t step = ns / LOOKS;
	struct timespec pause = {(time_t)(step / 1000000000),
				 (long)(step % 1000000000)};

	for (unsigned i = 0; i < s->queues; i++)
		s->queue[i].looks = s->queue[i].most = 0, s->queue[i].sum = 0;
	for (unsigned i = 0; i < LOOKS; i++) {
		for (unsigned k = 0; k < s->queues; k++)
			look_at(&s->queue[k]);
		nanosleep(&pause, NULL);
	}
}

void cli_sample_drop(struct cli_sample *s)
{
	for (unsigned i = 0; i < s->count; i++)
		drop(s->process[i]);
	s->count = 0;
}
