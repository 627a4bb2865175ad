# SPDX-License-Identifier: MIT
ratio = 10
what = "Learned sharing / CPU alone (time; less than 1 is a gain, 1.05 the most that is accepted)"
load "bench/plots/sharing.gp"
