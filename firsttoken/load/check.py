"""A closer look at the targets of a scenario: one cheap request on our wire, one through the openai package.

stdin: one line with the resolved scenario and where its targets listen; stdout: one JSON list of findings.

Rule: every target is asked both ways, whichever its client; an API that the package does not know, on our wire alone.
"""

import os
import sys
import time

import msgspec

from firsttoken.load.findings import Finding, describe_target
from firsttoken.load.preflight import send_probe
from firsttoken.load.session.target import TargetAccess, open_target
from firsttoken.row import Row
from firsttoken.scenario.format import Scenario
from firsttoken.scenario.target import Client, Target
from firsttoken.sdk.package import CALLS
from firsttoken.wire.endpoint import write_url


class CheckSpec(msgspec.Struct, kw_only=True):
    """What the check process reads on its stdin."""

    scenario: Scenario
    base_urls: dict[str, str]


def main() -> None:
    """Check every target and print the findings."""
    spec = msgspec.json.decode(sys.stdin.readline(), type=CheckSpec)
    findings = [check_target(target, spec) for target in spec.scenario.target]
    sys.stdout.write(msgspec.json.encode(findings).decode() + "\n")


def check_target(target: Target, spec: CheckSpec) -> Finding:
    """What one target answers."""
    base_url = spec.base_urls[target.name]
    row = ask(target, spec, "wire")
    package = ask(target, spec, "sdk") if target.api in CALLS else None
    return describe_target(target, base_url, write_url(base_url, target.api), row, package)


def ask(target: Target, spec: CheckSpec, client: Client) -> Row:
    """Send a target one short request through a client, whichever the target names; its finished row."""
    chosen = msgspec.structs.replace(target, client=client, connection="reuse")
    access = TargetAccess("check", spec.base_urls, os.environ, time.monotonic_ns())
    live = open_target(chosen, spec.scenario, access)
    row = send_probe(live)
    live.client.close()
    return row


if __name__ == "__main__":
    main()
