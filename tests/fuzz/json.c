// SPDX-License-Identifier: MIT
/*
 * Names in reports: any bytes as a JSON string, in room that may be too
 * small (first byte), and for a terminal.
 */
#include "fuzz.h"

#include "text.h"

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* Bytes of the UTF-8 sequence at s, by the bit patterns of RFC 3629; 0: none */
static size_t utf8(const unsigned char *s)
{
	uint32_t c;

	if (s[0] < 0x80)
		return 1;
	if ((s[0] & 0xe0) == 0xc0 && (s[1] & 0xc0) == 0x80) {
		c = (s[0] & 0x1fU) << 6 | (s[1] & 0x3fU);
		return c >= 0x80 ? 2 : 0;
	}
	if ((s[0] & 0xf0) == 0xe0 && (s[1] & 0xc0) == 0x80 &&
	    (s[2] & 0xc0) == 0x80) {
		c = (s[0] & 0xfU) << 12 | (s[1] & 0x3fU) << 6 | (s[2] & 0x3fU);
		return c >= 0x800 && (c < 0xd800 || c > 0xdfff) ? 3 : 0;
	}
	if ((s[0] & 0xf8) == 0xf0 && (s[1] & 0xc0) == 0x80 &&
	    (s[2] & 0xc0) == 0x80 && (s[3] & 0xc0) == 0x80) {
		c = (s[0] & 7U) << 18 | (s[1] & 0x3fU) << 12 |
		    (s[2] & 0x3fU) << 6 | (s[3] & 0x3fU);
		return c >= 0x10000 && c <= 0x10ffff ? 4 : 0;
	}
	return 0;
}

/* Exactly one JSON string (RFC 8259, 7). */
static bool is_string(const char *s, size_t n)
{
	size_t i = 1, step;

	if (n < 2 || s[0] != '"' || s[n - 1] != '"')
		return false;
	while (i < n - 1) {
		if ((unsigned char)s[i] < 0x20 || s[i] == '"')
			return false;
		if (s[i] != '\\') {
			step = utf8((const unsigned char *)s + i);
			if (!step)
				return false;
			i += step;
		} else if (s[i + 1] == 'u') {
			if (!is_hex(s[i + 2]) || !is_hex(s[i + 3]) ||
			    !is_hex(s[i + 4]) || !is_hex(s[i + 5]))
				return false;
			i += 6;
		} else {
			if (s[i + 1] != '"' && s[i + 1] != '\\')
				return false;
			i += 2;
		}
	}
	return i == n - 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room = size ? 1 + data[0] : 1, n = size ? size - 1 : 0;
	char *s = malloc(n + 1), *small = malloc(room), *large;
	struct dsam_text t = {small, 0, room};

	MUST(s && small);
	if (n)
		memcpy(s, data + 1, n);
	s[n] = 0;
	large = malloc(6 * n + 3);
	MUST(large);
	small[0] = 0;
	dsam_text_json(&t, s);
	MUST(t.used < room && !small[t.used]);
	t = (struct dsam_text){large, 0, 6 * n + 3};
	dsam_text_json(&t, s);
	MUST(!large[t.used] && strlen(large) == t.used);
	MUST(is_string(large, t.used));
	dsam_text_printable(s);
	for (size_t i = 0; s[i]; i++)
		MUST((unsigned char)s[i] >= 0x20 && s[i] != 0x7f);
	free(s);
	free(small);
	free(large);
	return 0;
}
