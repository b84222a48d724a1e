"""500 streams of 50 tokens/s over TLS 1.3 on loopback, one load process: how right.

Rule: the server is the same C page with OpenSSL and the certificates of the tests; where OpenSSL's headers are
missing there is no case, and the output says so.
"""

import os
import sys
from pathlib import Path
from unittest.mock import patch

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.drive import drive
from tests.benchmarks.streams import read_figures
from tests.benchmarks.suite import Bar, Case, Sample, main, say
from tests.benchmarks.truth import CERTIFICATES, Schedule, speaks_tls

STREAMS = 500
SCHEDULE = Schedule(gap_ms=20.0, tls=True)


def measure_encrypted(measure_s: float) -> Sample:
    """One run of the load process, which trusts the authority of the tests."""
    with patch.dict(os.environ, SSL_CERT_FILE=str(CERTIFICATES / "ca.pem")), drive(STREAMS, measure_s, SCHEDULE) as run:
        return Sample(read_figures(run), run.others_share)


def list_cases() -> tuple[Case, ...]:
    """The case, if there is a server for it."""
    if not speaks_tls():
        say("TLS: not measured, OpenSSL's headers are missing (Debian: libssl-dev)", to=sys.stderr)
        return ()
    bars = (
        Bar("ttft_p50_ms", f"TLS 1.3, {STREAMS} streams: TTFT error p50", "ms"),
        Bar("ttft_p99_ms", f"TLS 1.3, {STREAMS} streams: TTFT error p99", "ms", most=2.0),
        Bar("failed", f"TLS 1.3, {STREAMS} streams: attempts that failed", "", most=0, over_runs="max"),
        Bar("cpu_us", f"TLS 1.3, {STREAMS} streams: CPU of the load process", "us/token"),
    )
    return (Case("tls", measure_encrypted, bars),)


CASES = list_cases()

if __name__ == "__main__":
    main(CASES)
