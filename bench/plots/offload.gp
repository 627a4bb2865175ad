# SPDX-License-Identifier: MIT
# CPU alone / each way, by size, device speed and state of the memory.
if (!exists("threads")) threads = 1
set multiplot layout 2, 2 margins 0.07, 0.98, 0.09, 0.86 spacing 0.06, 0.12 \
	title head(sprintf("Times as fast as the CPU alone: %d thread%s, timing-only device, latency 1 us", \
	threads, threads > 1 ? "s" : ""))
set logscale xy
set xrange [12000:90000000]
set yrange [0.1:10]
set ytics (0.1, 0.2, 0.5, 1, 2, 5, 10)
set arrow from graph 0, first 1 to graph 1, first 1 nohead lc rgb "#666666"
pick(gbps, ratio) = (strcol(4) eq where && strcol(5) eq what && \
	column(1) == gbps && column(3) == threads) ? 1 / column(ratio) : NaN
do for [i = 1:4] {
	where = i > 2 ? "fresh" : "present"
	what = i % 2 ? "hot" : "cold"
	set title sprintf("destination %s, data %s", where, \
		i % 2 ? "in the caches" : "not in the caches") offset 0, -0.7
	if (i < 3) { unset xlabel } else { set xlabel "bytes of a request" offset 0, 0.5 }
	if (i != 3) { unset key } else { set key top left Left reverse samplen 2 spacing 0.9 maxrows 3 }
	plot for [k = 1:3] csv("offload") using 6:(pick(word("2 10 30", k), 13)) \
		with linespoints lw 2.2 pt 7 ps 0.7 lc rgb word(c1." ".c2." ".c3, k) \
		title word("2 10 30", k)." GB/s: auto", \
	for [k = 1:3] csv("offload") using 6:(pick(word("2 10 30", k), 12)) \
		with lines lw 1.3 dt 3 lc rgb word(c1." ".c2." ".c3, k) notitle, \
	for [k = 1:3] csv("offload") using 6:(pick(word("2 10 30", k), 11)) \
		with lines lw 1.3 dt 2 lc rgb word(c1." ".c2." ".c3, k) notitle, \
	NaN with lines lw 1.3 dt 3 lc rgb "#222222" title "half each", \
	NaN with lines lw 1.3 dt 2 lc rgb "#222222" title "poll"
}
unset multiplot
