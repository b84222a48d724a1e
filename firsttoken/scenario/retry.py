"""The retry policy of a scenario: one of the table in `plan/retry` by its name, or a custom one, key by key.

Rule: beside any other policy than a custom one no key may be written, as it would mean nothing.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from firsttoken.decoding.duration import parse_duration
from firsttoken.plan.retry import CUSTOM, POLICIES, RETRIED, PolicyName, RetryPolicy
from firsttoken.row import RetryWord
from firsttoken.scenario.values import Duration, Positive, Share, Status


class Retry(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What the client does after a failed attempt; all but `policy` is for a custom one."""

    policy: PolicyName = "openai"
    max_retries: Positive = 2
    base: Duration = "500ms"
    """The first back-off; each next one is twice as long."""
    cap: Duration = "8s"
    """No back-off is longer."""
    jitter: Share = 0.25
    """The share of a back-off that chance may take off."""
    on: Annotated[list[Status | RetryWord], Meta(min_length=1)] = msgspec.field(default_factory=lambda: [*RETRIED])
    """Statuses and words that are tried again."""
    retry_after_max: Duration = "120s"
    """A server that asks for a longer wait is not asked again."""
    budget: Share = 0.0
    """At most this share of the requests may be retries; 0: no bound."""

    def __post_init__(self) -> None:
        others = () if self.policy == CUSTOM else self.__struct_fields__[1:]
        if written := [key for key in others if getattr(self, key) != getattr(_CUSTOM, key)]:
            keys = ", ".join(written)
            raise ValueError(f'{keys}: expected none beside policy = "{self.policy}"; write policy = "{CUSTOM}"')
        if parse_duration(self.cap) < parse_duration(self.base):
            raise ValueError(f'cap: expected at least base = "{self.base}", got "{self.cap}"')


_CUSTOM = Retry(policy=CUSTOM)


def read_policy(retry: Retry) -> RetryPolicy:
    """The policy that [retry] of a scenario means. A custom one does what is written and nothing else."""
    policy = POLICIES[retry.policy]
    if retry.policy != CUSTOM:
        return policy
    return msgspec.structs.replace(
        policy,
        max_retries=retry.max_retries,
        base_s=parse_duration(retry.base),
        cap_s=parse_duration(retry.cap),
        jitter=retry.jitter,
        retry_after_max_s=parse_duration(retry.retry_after_max),
        on=frozenset(retry.on),
        budget=retry.budget,
    )
