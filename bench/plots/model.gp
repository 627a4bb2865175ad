# SPDX-License-Identifier: MIT
# The expected gain by size on a Sapphire Rapids core: a model.
set title head("MODEL of a Sapphire Rapids core and one DSA (1.0 us + size / 29.9 GB/s, doorbell 160 ns): CPU alone / with the device")
set logscale xy
set xrange [900:80000000]
set yrange [0.05:10]
set ytics (0.05, 0.1, 0.2, 0.5, 1, 2, 3, 4, 5, 7, 10)
set ylabel "times as fast as the core alone"
set arrow from graph 0, first 1 to graph 1, first 1 nohead lc rgb "#666666"
set arrow from 16384, graph 0 to 16384, graph 1 nohead lc rgb "#999999" dt 2
set label "below the cutoff, left of this line, all requests go to libc at once" at 19000, 0.065 left textcolor rgb "#666666"
pick(core, c) = column(1) == core ? column(c) : NaN
plot for [k = 1:3] csv("model") using 2:(pick(word("10.1 20 40", k), 7)) \
	with linespoints lw 2.2 pt 7 ps 0.7 lc rgb word(c1." ".c2." ".c3, k) \
	title "core copies ".word("10.1 20 40", k)." GB/s".(k == 1 ? " (published, cold data)" : " (assumed, data in caches)").", auto", \
	for [k = 1:3] csv("model") using 2:(pick(word("10.1 20 40", k), 6)) \
	with lines lw 1.5 dt 2 lc rgb word(c1." ".c2." ".c3, k) title "the same, poll"
