// SPDX-License-Identifier: MIT
/*
 * Room: COLD (the command).  Measurements of another time, from JSON.
 * May: read the file.  Must not: believe that it is whole.
 */
#include "calibrate.h"

#include "cli.h"

#include <json-c/json.h>
#include <string.h>

static json_object *get(json_object *o, const char *key)
{
	json_object *v;

	return json_object_object_get_ex(o, key, &v) ? v : NULL;
}

static bool read_times(struct calibrate *c, enum calibrate_op op,
		       enum calibrate_state state, json_object *rows)
{
	if (!json_object_is_type(rows, json_type_array) ||
	    json_object_array_length(rows) != CALIBRATE_SIZES)
		return false;
	for (int s = 0; s < CALIBRATE_SIZES; s++) {
		json_object *row = json_object_array_get_idx(rows, (size_t)s);
		double *ns = c->ns[op][state][s];

		ns[CALIBRATE_CPU] = json_object_get_double(get(row, "cpu_ns"));
		ns[CALIBRATE_DEVICE] =
			json_object_get_double(get(row, "device_ns"));
		if (!(ns[CALIBRATE_CPU] > 0 && ns[CALIBRATE_DEVICE] > 0))
			return false;
	}
	return true;
}

static bool read_all(struct calibrate *c, json_object *o)
{
	const char *engine = json_object_get_string(get(o, "device"));

	snprintf(c->engine, sizeof(c->engine), "%s", engine ? engine : "");
	c->threads = (unsigned)json_object_get_int(get(o, "threads"));
	c->device_share =
		json_object_get_double(get(o, "device_share_percent"));
	for (int op = 0; op < CALIBRATE_OPS; op++)
		for (int state = 0; state < CALIBRATE_STATES; state++) {
			enum calibrate_op p = (enum calibrate_op)op;
			enum calibrate_state st = (enum calibrate_state)state;
			json_object *by = get(get(o, calibrate_op_name(p)),
					      calibrate_state_key(st));

			if (!read_times(c, p, st, get(by, "times")))
				return false;
		}
	return true;
}

bool calibrate_read(struct calibrate *c, const char *path)
{
	json_object *o = json_object_from_file(path);
	bool ok = o && read_all(c, o);

	json_object_put(o);
	if (!ok)
		cli_complain("%s: not what dsamove calibrate --json prints",
			     path);
	return ok;
}
