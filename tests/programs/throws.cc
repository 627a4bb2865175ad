// SPDX-License-Identifier: MIT
// C++: exceptions across frames that copy, while others unwind.
#include "guest.h"

#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace
{
struct Copier {
	std::vector<unsigned char> to;
	const std::vector<unsigned char> &from;
	int *unwound;

	Copier(const std::vector<unsigned char> &source, int *count)
	    : to(source.size()), from(source), unwound(count)
	{
	}
	// Copies while the stack is being unwound.
	~Copier()
	{
		std::memcpy(to.data(), from.data(), from.size());
		if (is_pattern(to.data(), to.size(), 0, 2))
			++*unwound;
	}
};

int deeper(int depth, const std::vector<unsigned char> &v, int *unwound)
{
	Copier c(v, unwound);
	std::vector<unsigned char> copy(v);

	if (!depth) {
		std::string s(BIG, 'x');
		throw std::runtime_error(
			s + std::string(copy.begin(), copy.begin() + 3));
	}
	return deeper(depth - 1, copy, unwound) + 1;
}

void work(int *caught, int *unwound)
{
	std::vector<unsigned char> v(BIG);

	pattern(v.data(), v.size(), 2);
	for (int i = 0; i < 20; i++) {
		try {
			deeper(5, v, unwound);
		} catch (const std::exception &e) {
			*caught += std::strlen(e.what()) > BIG ? 1 : 0;
		}
	}
}
} // namespace

int main()
{
	int caught[4] = {}, unwound[4] = {};
	std::vector<std::thread> threads;

	for (int i = 0; i < 4; i++)
		threads.emplace_back(work, &caught[i], &unwound[i]);
	for (auto &t : threads)
		t.join();
	for (int i = 0; i < 4; i++)
		std::printf("caught %d, copied while unwinding %d\n", caught[i],
			    unwound[i]);
	return 6;
}
