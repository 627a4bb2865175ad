# SPDX-License-Identifier: MIT
# Time of each request around the moment when the device's speed changes.
unset logscale
set multiplot layout 1, 2 margins 0.07, 0.98, 0.1, 0.84 spacing 0.06, 0 \
	title head("A device whose speed changes before request 0; median of 9 runs, mode auto")
set xtics auto
set xrange [-20:120]
set logscale y
set yrange [*:*]
set ytics (10, 20, 50, 100, 200, 500, 1000, 2000)
set xlabel "request"
set ylabel "us"
set arrow from 0, graph 0 to 0, graph 1 nohead lc rgb "#666666" dt 2
set arrow from 50, graph 0 to 50, graph 1 nohead lc rgb "#cccccc"
set key right top
pick(from, to) = (column(1) == n && column(2) == from && column(3) == to) ? column(6) : NaN
do for [k = 1:2] {
	n = k == 1 ? 262144 : 4194304
	set title (k == 1 ? "256 KiB" : "4 MiB") offset 0, -0.7
	if (k > 1) { unset ylabel }
	plot csv("change") using 5:(pick(10, 1)) with lines lw 2 lc rgb c1 title "10 to 1 GB/s", \
		"" using 5:(pick(1, 10)) with lines lw 2 lc rgb c2 title "1 to 10 GB/s", \
		"" using 5:(pick(20, 5)) with lines lw 2 lc rgb c3 title "20 to 5 GB/s", \
		"" using 5:(pick(5, 20)) with lines lw 2 lc rgb "#7d3c98" title "5 to 20 GB/s"
}
unset multiplot
