# SPDX-License-Identifier: MIT
# What a request costs over the copy itself, on the inline device.
set title head("Added to a memcpy by the library itself (inline software device), ns")
set logscale x
set xtics ("256" 256, "1K" 1024, "4K" 4096, "16K" 16384, "64K" 65536, "256K" 262144)
set xrange [200:350000]
set yrange [0:*]
set ylabel "ns"
plot csv("cost") using 1:4 with linespoints lw 2.2 pt 7 lc rgb c1 title "poll: each goes to the device", \
	"" using 1:6 with linespoints lw 2.2 pt 7 lc rgb c2 title "auto: as is learned", \
	150 with lines lw 1 dt 2 lc rgb "#666666" title "150 ns"
