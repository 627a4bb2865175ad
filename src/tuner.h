/* SPDX-License-Identifier: MIT */
/*
 * What a thread learned: how fast CPU and device are, who should do a
 * request, and which destinations tend to be absent.
 */
#ifndef DSAM_TUNER_H
#define DSAM_TUNER_H

#include "stats.h"

/* Of 65536: the device's part of a request. */
#define DSAM_WHOLE 65536U

/* Who does a request. */
enum dsam_way {
	DSAM_WAY_CPU,
	DSAM_WAY_BOTH,
	DSAM_WAY_DEVICE,
	DSAM_WAYS
};

/*
 * Requests of one size, power of two by power of two: ticks for a MiB,
 * exponentially weighted; 0: not known yet.
 */
struct dsam_lesson {
	uint64_t cpu; /* the CPU's own part of requests that both do */
	uint64_t device; /* the device's part, from submission to its end */
	uint64_t alone; /* device, when it has nobody else's to do */
	uint32_t alone_share; /* what share was, then */
	uint32_t share; /* of one descriptor, of DSAM_WHOLE; 0: not known yet */
	uint64_t way[DSAM_WAYS]; /* a whole request */
	uint32_t until[DSAM_WAYS]; /* requests until a slower way is tried */
	uint8_t tries[DSAM_WAYS];
	uint8_t growth; /* of share, when the device was the first again */
	uint8_t others; /* how much of late the device's time varied */
	bool is_left_out; /* others have all of the device */
	uint8_t hold; /* requests that are still held to a fair part */
	bool is_held; /* the request under way is one of them */
	bool is_probe; /* or is not, for once */
	bool is_try; /* the request under way is one */
};

#define DSAM_TOUCHES 256

struct dsam_tuner {
	/* Ticks from submission to completion, exponentially weighted. */
	uint64_t device[DSAM_WORKS][DSAM_BINS]; /* by log2 of bytes */
	/* [work][destination present, absent][log2 of bytes] */
	struct dsam_lesson lesson[DSAM_WORKS][2][DSAM_BINS];
	/* Ticks for a MiB of each queue, compared with one another. */
	uint64_t queue[DSAM_MAX_QUEUES];
	/* Ticks for a MiB right behind another piece; of the way there. */
	uint64_t service, latency;
	/* By size and caller: requests that still get their pages touched. */
	uint8_t touch[DSAM_TOUCHES];
	/* Requests of a size that nobody asks about: see dsam_tuner_rest. */
	uint8_t rest[DSAM_WORKS][DSAM_BINS];
	uint64_t rest_ticks[DSAM_WORKS][DSAM_BINS]; /* of those, for a MiB */
};

/*
 * Ticks that a descriptor of n bytes is expected to take: what was learned,
 * or the published 1 us + n / 30 GB/s before anything was.
 */
uint64_t dsam_tuner_predict(const struct dsam_tuner *t, enum dsam_work work,
			    size_t n);

/* A descriptor of n bytes took so many ticks. */
void dsam_tuner_learn(struct dsam_tuner *t, enum dsam_work work, size_t n,
		      uint64_t ticks);

/* The lesson of requests like this one. */
static inline struct dsam_lesson *dsam_tuner_lesson(struct dsam_tuner *t,
						    enum dsam_work work,
						    bool is_absent, size_t n)
{
	return &t->lesson[work][is_absent][dsam_stats_bin(n)];
}

/*
 * Which way should the next request of n bytes go?  *share is what the device
 * gets when both work, of DSAM_WHOLE.  Now and then a slower way is tried
 * again: the more it lost, the seldomer.
 */
enum dsam_way dsam_tuner_way(struct dsam_lesson *l, size_t n, uint32_t *share);

/* A request of n bytes went that way and took so many ticks. */
void dsam_tuner_took(struct dsam_lesson *l, enum dsam_way way, size_t n,
		     uint64_t ticks);

/*
 * A request of n bytes, its destination expected to be absent or not, was the
 * CPU's and lost nothing by it: the next few, as many as it returns, are the
 * CPU's without being asked about, or timed, but never one that should try
 * another way.  Between these is the cutoff that adapts: for a size that is
 * not worth it, the price of asking goes to a few ns.
 */
unsigned dsam_tuner_rest(struct dsam_tuner *t, enum dsam_work work,
			 bool is_absent, size_t n);

/* Is this request one of those?  *ticks is about what it will take. */
static inline bool dsam_tuner_rests(struct dsam_tuner *t, enum dsam_work work,
				    size_t n, uint64_t *ticks)
{
	unsigned bin = dsam_stats_bin(n);
	uint8_t left = t->rest[work][bin];

	if (!left)
		return false;
	/* A signal handler in between may have it counted twice: no harm. */
	t->rest[work][bin] = left - 1;
	*ticks = t->rest_ticks[work][bin] * (n >> 10) >> 10;
	return true;
}

/*
 * Would a request of n bytes gain from the device, had it nobody else's to do?
 * Its destination was expected to be absent or not.
 * If the CPU is faster all the same, it is left out.  Where that befell it, or
 * another thread, requests that want the device are held to a fair part of it
 * for a while.
 */
bool dsam_tuner_wants(struct dsam_lesson *l, size_t n, bool is_absent,
		      bool is_one_left_out);

/* Both worked: bytes of each, and the ticks that he was at work. */
struct dsam_shared {
	size_t cpu, device;
	uint64_t cpu_ticks, device_ticks;
};
void dsam_tuner_shared(struct dsam_lesson *l, const struct dsam_shared *s);

/* One cut, one piece for each side: ticks from the submission to its end. */
struct dsam_shot {
	size_t n, device;
	uint64_t cpu_ticks, device_ticks;
	bool is_waited; /* the CPU was the first; else device_ticks is a bound
			 */
	uint32_t peers; /* how many want it beside this one, of DSAM_WHOLE */
};
/* Above this the device's time varies too much for one cut to be learned. */
#define DSAM_MANY_OTHERS 96
void dsam_tuner_shot(struct dsam_lesson *l, const struct dsam_shot *s);

/*
 * Is the device for several threads to share fairly?  One that has, alone, more
 * than a fifth of what both do is worth waiting for.
 */
static inline bool dsam_tuner_is_held(const struct dsam_lesson *l,
				      uint32_t peers)
{
	return peers && l->hold && l->cpu && l->alone > 4 * l->cpu;
}

/*
 * A piece of n bytes kept queue number q busy for so many ticks; is_next: from
 * the end of the piece before, else from its submission.
 */
void dsam_tuner_queue(struct dsam_tuner *t, unsigned q, size_t n,
		      uint64_t ticks, bool is_next);

/*
 * Pieces of n bytes, one right behind the other, took a queue so many ticks.
 * Short runs' ends are not seen exactly enough.
 */
#define DSAM_SERVICE_LEAST (512 * 1024UL)
void dsam_tuner_service(struct dsam_tuner *t, size_t n, uint64_t ticks);

/* A request of n bytes, called from caller, met an absent page. */
void dsam_tuner_absent(struct dsam_tuner *t, size_t n, const void *caller);

/* Should such a request touch its destination first (touch=auto)? */
bool dsam_tuner_expects_absent(struct dsam_tuner *t, size_t n,
			       const void *caller);

#endif
