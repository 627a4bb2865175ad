# SPDX-License-Identifier: MIT
# What every plot begins with; about, dir, name and ext come from report.sh.
wide = 1100
high = 760
if (ext eq "svg") {
	set terminal svg size wide, high font "DejaVu Sans,13" background "white"
} else {
	set terminal pngcairo size wide, high font "DejaVu Sans,11"
}
set output sprintf("%s/%s.%s", dir, name, ext)
set datafile separator ","
set datafile missing NaN
set key autotitle columnhead
set key left top Left reverse samplen 2 spacing 0.9
set grid lt 1 lw 0.6 lc rgb "#dddddd"
set border lc rgb "#666666"
set xlabel "bytes of a request"
set xtics ("1K" 1024, "4K" 4096, "16K" 16384, "64K" 65536, "256K" 262144, \
	"1M" 1048576, "4M" 4194304, "16M" 16777216, "64M" 67108864)
csv(file) = sprintf("%s/%s.csv", dir, file)
head(what) = sprintf("%s\n{/*0.75 %s}", what, about)
c1 = "#c0392b"; c2 = "#2471a3"; c3 = "#1e8449"
