#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Random trouble, for as long as you like: soak.py BUILD_DIR SECONDS [SEED]

Rounds of about a second, two at a time, on the software DSA and on the test
device in both ways of submission: random settings, random trouble, a program
that copies at random and looks at every byte (soaker.c).  Each round must end
by itself, in time, with right bytes; its reports must add up, have each copy
of the program once, and be the device's account where the trouble leaves one.
Says the seed first; the same seed gives the same rounds.  With a fourth
argument, the seed of a round, it is that round again and again, two at a time,
for SECONDS (0: once) or until it fails.

Of a round that fails all is kept, in a directory under $SOAK_KEEP or $TMPDIR:
what is wrong (why), the command as a line of shell (command), its output and
stderr, the device's account, the programs' counts and reports, the machine
(host), and of a round that hangs what each of its threads was at (threads).
The line that says so ends with the command that repeats the round.
"""
import glob
import json
import os
import platform
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
OUT, SECONDS = os.path.abspath(sys.argv[1]), float(sys.argv[2])
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else int.from_bytes(
    os.urandom(4), 'big')
TB = OUT + '/dsa-testbed'
HANGS = float(os.environ.get('SOAK_HANGS', 120))  # seconds
# What the library may say of such a device, and nothing else.
SAYS = ('no answer within device_timeout_ms; queue closed',
        'verify found a wrong byte')


def settings_of(r):
    """Of the library: any that change what it does."""
    s = {'MIN_BYTES': '4096', 'REPORT_FORMAT': 'json',
         'DEVICE_TIMEOUT_MS': str(r.choice([30, 100, 300])),
         'MODE': r.choice(['poll', 'split']),
         'SPLIT_CPU_PERCENT': str(r.randrange(91)),
         'WAIT': r.choice(['auto', 'spin', 'yield']),
         'TOUCH': r.choice(['auto', 'always', 'never']),
         'TOUCH_BY': r.choice(['store', 'madvise']),
         'CACHE_CONTROL': r.choice(['cache', 'memory', 'auto']),
         'FAULT_RESUMES': str(r.choice([0, 1, 8, 1000])),
         'SUBMIT_RETRIES': str(r.choice([0, 1, 32])),
         'MAX_INFLIGHT': str(r.choice([0, 0, 1, 3])),
         'STATS': r.choice(['exit', 'exit', 'callers']),
         'VERIFY': str(r.choice([0, 0, 10, 100]))}
    if r.random() < .1:
        s['AFTER_FORK'] = 'cpu'
    return {'DSAMOVE_' + k: v for k, v in s.items()}


def step(r):
    """A step of the software DSA's script."""
    at = r.choice([r.randrange(8192), r.randrange(400000)])
    kind = r.choice([f'fault@{at}', f'wfault@{at}', 'busy', f'after={at}',
                     f'error={r.choice([0x10, 0x13, 0x20, r.randrange(4, 128)])}',
                     'never', f'wrong@{at}'])
    return kind


def software(r, env):
    env['DSAMOVE_DEVICE'] = 'software'
    env['DSAMOVE_SOFTWARE_ENGINES'] = str(r.randrange(4))
    env['DSAMOVE_SOFTWARE_LATENCY_NS'] = str(r.choice([0, 0, 20000, 400000]))
    steps = []
    for _ in range(r.randrange(6)):
        s = step(r)
        if s == 'never' and r.random() < .7:
            continue
        steps += [f'ok*{r.randrange(1, 40)}', s]
    if any(s.startswith('wrong') for s in steps):
        env['DSAMOVE_VERIFY'] = '100'
    env['DSAMOVE_SOFTWARE_SCRIPT'] = ','.join(steps)
    return [], '--less'


def test_device(r, env, mode):
    every = lambda: r.choice([1, 2, 5, 30, 200])
    at = r.choice([r.randrange(8192), r.randrange(400000)])
    how = ''
    options = {}
    for kind in r.sample(['busy', 'fault', 'wfault', 'status', 'silent',
                          'silent_after', 'late', 'long', 'disable', 'reset',
                          'disorder', 'slow', 'small', 'many', 'poor',
                          'wrong', 'garbage', 'nothing'], r.randrange(1, 4)):
        if kind == 'busy':
            options['busy_every'] = every()
        elif kind in ('fault', 'wfault'):
            options[kind + '_every'] = every()
            options[kind + '_at'] = at
        elif kind == 'status':
            options['status_every'] = every() + 1  # not the NOOP at birth
            options['status'] = r.choice([0x10, 0x13, 0x1a, 0x20,
                                          r.randrange(4, 64)])
            how = how or '--less'
        elif kind == 'silent':
            options['silent_every'] = r.choice([30, 200, 1000])
            how = how or '--less'
        elif kind == 'silent_after':
            options[kind] = r.randrange(1, 300)
            how = how or '--less'
        elif kind in ('late', 'long'):
            options['late_every'] = every() + 5
            # Each resume may be late again: few, that a copy ends in time.
            env['DSAMOVE_FAULT_RESUMES'] = \
                str(min(int(env['DSAMOVE_FAULT_RESUMES']), 8))
            options['late_us'] = r.randrange(2000 if kind == 'late' else 400000)
            how = how or '--less'
        elif kind in ('disable', 'reset'):
            options[r.choice([kind + '_after', kind + '_at_ms'])] = \
                r.randrange(1, 500)
            how = how or '--less'
        elif kind == 'disorder':
            options['disorder'] = options['scramble'] = 1
        elif kind == 'slow':
            options['latency_ns'] = r.choice([20000, 300000])
            options['mbps'] = r.choice([0, 500])
        elif kind == 'small':
            options['size'] = options['threshold'] = r.choice([1, 2, 4])
            options['max_transfer_size'] = r.choice(['4K', '32K', '2M'])
        elif kind == 'poor':
            options['gen_cap'] = '0x4091500000'
        elif kind in ('wrong', 'garbage'):
            options[kind + '_every'] = r.choice([30, 200, 1000])
            env['DSAMOVE_VERIFY'] = '100'
            how = 'any'
    argv = [TB, '--submit', mode]
    if r.random() < .3:
        argv += ['-d', '2', '-q', '2']
    for k, v in options.items():
        argv += ['-s', f'{k}={v}']
    if mode == 'mmap' and r.random() < .2:
        argv += ['--patch']
    return argv, how


def judge(where, code, out, err, counts, how, timeout_ms, may_be_mute):
    """What is wrong with a round, as one line, or nothing."""
    lines = err.splitlines()
    reports = [x for x in lines if x.startswith('{"dsamove_report"')]
    others = [x for x in lines if not x.startswith('{"dsamove_report"') and
              not any(s in x for s in SAYS)]
    words = out.split()
    if code != 90 or len(words) != 6:
        return f'exit status {code}: {out.strip()} {err[-300:]}'
    if others:
        return 'stderr: ' + others[0]
    # Nobody waits for longer than for two queues that are dead.
    if int(words[3]) > (2 * timeout_ms + 1000) * 1000:
        return f'a copy took {words[3]} us'
    own = dict(map(int, line.split()) for line in counts)
    last = int(counts[-1].split()[0])  # the parent of all others
    seen = {}
    for line in reports:
        report = json.loads(line)
        if report['pid'] in seen:
            return f'process {report["pid"]} reports twice'
        seen[report['pid']] = report['calls']
    for pid, n in own.items():
        # A child on the CPU for good has nothing to tell.
        if seen.get(pid, n if pid != last or may_be_mute else 0) != n:
            return f'process {pid} made {n} copies, reports {seen.get(pid)}'
    path = where + '/reports'
    with open(path, 'w', encoding='utf-8') as f:
        f.write(''.join(x + '\n' for x in reports))
    said = subprocess.run([HERE + '/../check_report.py', path],
                          capture_output=True, text=True, check=False).stdout
    if len(said.splitlines()) != 1:
        return 'reports: ' + said.replace('\n', ' ')
    # A busy machine may keep the device itself from answering in time.
    if SAYS[0] in err:
        how = how or '--less'
    if how != 'any' and os.path.exists(where + '/account'):
        said = subprocess.run([HERE + '/../device/agree.py', '--some',
                               *how.split(), where + '/account', path],
                              capture_output=True, text=True, check=False)
        said = said.stdout + said.stderr
        if len(said.splitlines()) != 1:
            return 'figures: ' + said.replace('\n', ' ')
    return ''


def read(path):
    try:
        with open(path, encoding='utf-8', errors='replace') as f:
            return f.read().strip()
    except OSError as e:
        return str(e)


def write(path, text):
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)


def threads_of(pid):
    """The process and its descendants: what each thread waits for."""
    said = []
    for task in glob.glob(f'/proc/{pid}/task/*'):
        said.append(f'{task} ' + read(task + '/comm'))
        said += [f'  {name}: ' + read(f'{task}/{name}').replace('\n', '\n    ')
                 for name in ('wchan', 'syscall', 'stack')]
        said += [line for child in read(task + '/children').split()
                 if child.isdigit() for line in threads_of(child)]
    return said


def keep(where, seed, why, command, out):
    """All that there is of a round that failed; returns how to repeat it."""
    write(where + '/why', why + '\n')
    write(where + '/out', out)
    write(where + '/host', f'{platform.platform()}, {os.cpu_count()} CPUs, '
          f'load {read("/proc/loadavg")}\n{read("/proc/meminfo")}\n')
    kept = tempfile.mkdtemp(prefix=f'dsamove-soak.{seed}.',
                            dir=os.environ.get('SOAK_KEEP'))
    shutil.copytree(where, kept, dirs_exist_ok=True)
    # By hand it leaves its own files, beside those of this time.
    os.mkdir(kept + '/again')
    write(kept + '/again/empty', '')
    write(kept + '/command', command.replace(where, kept + '/again') + '\n')
    again = shlex.join([os.path.relpath(__file__), os.path.relpath(OUT), '600',
                        str(SEED), str(seed)])
    why = ' '.join(why.split())
    return f'{why} (all of it is in {kept}; again: {again})'


def one_round(seed, modes):
    """The mode, what is wrong or nothing, how many copies."""
    r = random.Random(seed)
    mode = r.choice(modes)
    with tempfile.TemporaryDirectory() as where:
        env = settings_of(r)
        if mode == 'software':
            argv, how = software(r, env)
        else:
            argv, how = test_device(r, env, mode)
            argv += ['-a', where + '/account', '--']
        has_signals = r.randrange(2)
        # A handler's copy may take over an answered entry of the copy below
        # it, which then does that piece once more, by the CPU.
        if has_signals:
            how = how or '--less'
        argv += ['env', 'LD_PRELOAD=' + OUT + '/libdsapreload.so',
                 OUT + '/tests/hostile/soaker', str(seed % 100000), '1000',
                 str(r.choice([1, 2, 4, 8])), str(has_signals)]
        write(where + '/empty', '')
        env.update(PATH='/usr/bin:/bin', COUNTS=where + '/counts',
                   DSAMOVE_CONF=where + '/empty')
        command = shlex.join(['env', '-i'] + [f'{k}={v}' for k, v in
                                              env.items()] + argv)
        with open(where + '/err', 'w', encoding='utf-8') as err, \
                subprocess.Popen(argv, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=err, env=env,
                                 text=True) as p:
            try:
                out = p.communicate(timeout=HANGS)[0]
                why = ''
            except subprocess.TimeoutExpired:
                write(where + '/threads', '\n'.join(threads_of(p.pid)) + '\n')
                p.kill()
                why, out = f'hangs for {HANGS} s', ''
                try:  # its children may hold the pipe for longer
                    out = p.communicate(timeout=5)[0]
                except subprocess.TimeoutExpired:
                    pass
        counts = []
        if os.path.exists(where + '/counts'):
            with open(where + '/counts', encoding='utf-8') as f:
                counts = list(f)
        if not why:
            why = judge(where, p.returncode, out, read(where + '/err'), counts,
                        how, int(env['DSAMOVE_DEVICE_TIMEOUT_MS']),
                        '_at_ms' in command)  # perhaps before it began
        copies = int(out.split()[1]) if out.startswith('done ') else 0
        if why:
            why = keep(where, seed, why, command, out)
    return mode, why, copies


def main():
    print(f'seed {SEED}', flush=True)
    alone = int(sys.argv[4]) if len(sys.argv) > 4 else None
    modes = ['software', 'write', 'mmap']
    check = subprocess.run([TB, '--check'], capture_output=True, text=True,
                           check=False)
    if check.returncode:
        print('skipped: soak on the test device:', check.stderr.strip())
        modes = modes[:1]
    end = time.monotonic() + SECONDS
    lock = threading.Lock()
    tally = {m: [0, 0, 0] for m in modes}
    state = [0]

    def is_over():
        bad = sum(t[2] for t in tally.values())
        return (time.monotonic() >= end and (alone is None or state[0])) or \
            (alone is not None and bad)

    def worker():
        while True:
            with lock:
                if is_over():
                    return
                seed = SEED * 100000 + state[0] if alone is None else alone
                state[0] += 1
            mode, why, copies = one_round(seed, modes)
            with lock:
                tally[mode][0] += 1
                tally[mode][1] += copies
                tally[mode][2] += bool(why)
                if why:
                    print(f'not ok soak on {mode}: round seed {seed}: {why}',
                          flush=True)

    workers = [threading.Thread(target=worker) for _ in range(2)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    for mode, (rounds, copies, bad) in tally.items():
        if rounds and not bad:
            print(f'ok soak on {mode}: {rounds} rounds, {copies} copies')
    return any(bad for _, _, bad in tally.values())


sys.exit(main())
