"""What is measured against the peers: run by hand, printed as ratios of one run, never a test.

    python -m tests.benchmarks.startup
    python -m tests.benchmarks.scale [--lines 10000]
    python -m tests.benchmarks.check
    python -m tests.benchmarks.suite
    python -m tests.benchmarks.each

The peers (micrograd, and torch where there is one) are installed by whoever measures.
"""
