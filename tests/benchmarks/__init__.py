"""What is measured against the peers: run by hand, printed as ratios of one run, never a test.

    python -m tests.benchmarks.startup
    python -m tests.benchmarks.scale [--lines 10000]
    python -m tests.benchmarks.check
    python -m tests.benchmarks.suite
    python -m tests.benchmarks.each [1000000]
    python -m tests.benchmarks.arrays [--size 10000000]

How many planted errors are found, how many right claims pass, and how long that takes:

    python -m tests.benchmarks.rows
    python -m tests.benchmarks.noise
    python -m tests.benchmarks.diagnosis [--programs 400]

The peers (micrograd, and torch where there is one) are installed by whoever measures.
"""
