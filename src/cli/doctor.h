/* SPDX-License-Identifier: MIT */
/* dsamove doctor: what was found, in the order in which it matters. */
#ifndef DSAM_CLI_DOCTOR_H
#define DSAM_CLI_DOCTOR_H

#include "conf.h"
#include "discover.h"

#define DOCTOR_MOST 400

enum doctor_level {
	DOCTOR_OK,
	DOCTOR_NOTE, /* worth knowing */
	DOCTOR_WARNING, /* works, but not as well as it could */
	DOCTOR_OBSTACLE /* nothing is offloaded because of this */
};

struct doctor_finding {
	enum doctor_level level;
	char topic[28];
	char text[480];
	char mend[400]; /* a command, or what to do; may be empty */
};

struct doctor {
	struct dsam_conf conf;
	bool has_conf; /* the settings are understood */
	struct dsam_wq wq[DSAM_MAX_FOUND];
	size_t wqs;
	enum dsam_discovery how;
	unsigned usable; /* of wq, before they were tried */
	unsigned answering; /* that took a descriptor and answered */
	const char *submission; /* of the last one that did */
	bool is_served; /* a copy went through device and preload */
	bool program_is_served; /* as far as one can see; true without one */
	struct doctor_finding finding[DOCTOR_MOST];
	unsigned findings;
};

/* Add a finding.  A long text is cut; what does not fit at all is dropped. */
void doctor_say(struct doctor *d, enum doctor_level level, const char *topic,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

/* What mends the finding that was added last. */
void doctor_mend(struct doctor *d, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The first line of a file; false: not there. */
bool doctor_line(const char *path, char *out, size_t room);

/* The steps, in order; each adds its findings. */
void doctor_processor(struct doctor *d);
void doctor_kernel(struct doctor *d);
void doctor_devices(struct doctor *d); /* fills wq and usable */
void doctor_sizes(struct doctor *d);
void doctor_container(struct doctor *d);
void doctor_settings(struct doctor *d);
void doctor_submission(struct doctor *d); /* opens the queues */
void doctor_proof(struct doctor *d); /* copies under the preload */
void doctor_program(struct doctor *d, const char *program);

/* What the proof's child does; its exit status. */
int doctor_proof_child(void);

#endif
