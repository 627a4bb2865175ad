# SPDX-License-Identifier: MIT
# GB/s of one 64 MiB copy over several devices; the line is what they sum up to.
unset logscale
set multiplot layout 2, 1 margins 0.07, 0.98, 0.09, 0.86 spacing 0, 0.1 \
	title head("Several devices of 5 GB/s, one 64 MiB copy at a time and thread, timing-only device")
set ylabel "GB/s, all threads"
set yrange [0:42]
set xrange [-0.6:7.6]
set grid noxtics
unset xlabel
set style fill solid 0.85
set key left top samplen 1.5 spacing 0.9
do for [t = 1:2] {
	set title sprintf("%d thread%s", t, t > 1 ? "s" : "") offset 0, -0.7
	bar(way) = (column(2) == t && strcol(3) eq way) ? column(4) : NaN
	all(way) = (column(2) == t && strcol(3) eq way) ? column(5) : NaN
	at(n, x) = int(n / 2) % 8 + x
	plot csv("devices") using (at($0, -0.2)):(bar("poll")):(0.36) with boxes lc rgb "#aab7b8" title "poll", \
		"" using (at($0, 0.2)):(bar("auto")):(0.36) with boxes lc rgb c2 title "auto", \
		"" using (at($0, -0.2)):(all("poll")):(0.18) with xerrorbars ps 0 lw 2.5 lc rgb c1 title "sum of the devices that are well; auto: and the CPU", \
		"" using (at($0, 0.2)):(all("auto")):(0.18) with xerrorbars ps 0 lw 2.5 lc rgb c1 notitle, \
		"" using (at($0, 0)):(0):xtic(1) with points ps 0 notitle
}
unset multiplot
