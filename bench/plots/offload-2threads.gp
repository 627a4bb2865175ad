# SPDX-License-Identifier: MIT
threads = 2
load "bench/plots/offload.gp"
