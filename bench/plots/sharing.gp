# SPDX-License-Identifier: MIT
# The whole matrix as a table with colours: auto / best fixed, or / CPU alone.
if (!exists("ratio")) {
	ratio = 9
	what = "Learned sharing / best of all fixed fractions (time; 1.05 and less is the aim)"
}
unset logscale
unset key
unset grid
set multiplot layout 1, 2 margins 0.11, 0.93, 0.08, 0.87 spacing 0.03, 0 title head(what)
at(v, list) = sum [i = 1:words(list)] (word(list, i) == v ? i - 1 : 0)
row(g, l) = 4 * at(g, "1 2 5 10 20 30") + at(l, "1 2 10 50")
set xrange [-0.5:5.5]
set yrange [23.5:-0.5]
set xtics ("64K" 0, "256K" 1, "1M" 2, "4M" 3, "16M" 4, "64M" 5) scale 0
set ytics scale 0
set for [g = 0:5] for [l = 0:3] ytics add \
	(sprintf("%s GB/s, %s us", word("1 2 5 10 20 30", g + 1), word("1 2 10 50", l + 1)) 4 * g + l)
set for [g = 1:5] arrow from graph 0, first 4 * g - 0.5 to graph 1, first 4 * g - 0.5 nohead lc rgb "white" lw 3 front
set cbrange [ratio == 9 ? 0.8 : 0:ratio == 9 ? 1.2 : 1.2]
if (ratio == 9) {
	set palette defined (0.8 "#5dade2", 0.95 "#eaf2f8", 1 "#ffffff", 1.05 "#fdf2e9", 1.2 "#e74c3c")
} else {
	set palette defined (0 "#1e8449", 0.5 "#7dcea0", 0.97 "#ffffff", 1.03 "#ffffff", 1.05 "#fdebd0", 1.2 "#e74c3c")
}
do for [t = 1:2] {
	set title sprintf("%d thread%s", t, t > 1 ? "s" : "") offset 0, -0.7
	if (t > 1) { unset ytics }
	if (t > 1) { set colorbox } else { unset colorbox }
	plot csv("sharing") using ($3 == t ? log($4 / 65536) / log(4) : NaN):(row($1, $2)):(column(ratio)) with image, \
		"" using ($3 == t ? log($4 / 65536) / log(4) : NaN):(row($1, $2)):(sprintf("%.2f", column(ratio))) \
		with labels font ",9" textcolor rgb "#222222"
}
unset multiplot
