"""Slots, queue and chance of one model, under a handed-in clock."""

from collections import Counter
from statistics import fmean

import pytest

from firsttoken.catalogue import Faults
from firsttoken.simulator.behaviour import settle
from firsttoken.simulator.errors import ApiError
from firsttoken.simulator.service import Job, Service
from tests.served import fast


def serve(seed: int = 7, **changes: object) -> Service:
    return Service("m", settle("m", fast(**changes)), seed)


def enter(service: Service, now_ns: int = 0, prompt_tokens: int = 100) -> Job:
    job = service.deal(prompt_tokens, 10)
    service.enter(job, now_ns)
    return job


def test_jobs_are_served_up_to_the_slots_and_then_wait_in_order():
    service = serve(slots=2, queue=2)
    jobs = [enter(service, now_ns) for now_ns in range(4)]
    assert [job.waited_ns for job in jobs] == [0, 0, None, None]
    assert service.leave(jobs[1], 100) is jobs[2]
    assert service.leave(jobs[0], 200) is jobs[3]
    assert [job.waited_ns for job in jobs] == [0, 0, 98, 197]
    assert service.leave(jobs[2], 300) is None


def test_a_job_that_gives_up_waiting_leaves_its_place_to_the_next():
    service = serve(slots=1, queue=2)
    served, gone, next_one = (enter(service) for _ in range(3))
    assert service.leave(gone, 1) is None
    assert service.leave(served, 2) is next_one


def test_one_more_than_slots_and_queue_is_refused_with_the_back_off():
    service = serve(slots=1, queue=1, retry_after_s=3.0)
    enter(service), enter(service)
    with pytest.raises(ApiError, match="1 requests are served, 1 wait") as caught:
        enter(service)
    assert (caught.value.status, caught.value.headers["retry-after"]) == (429, "3")


def test_how_many_fit_in_at_once_is_told_and_not_as_a_quota_of_a_minute():
    service = serve(slots=1, queue=1, retry_after_s=2.0)
    assert service.headers(0)["x-ratelimit-remaining-concurrent-requests"] == "2"
    enter(service), enter(service)
    headers = service.headers(0)
    assert headers["x-ratelimit-limit-concurrent-requests"] == "2"
    assert headers["x-ratelimit-remaining-concurrent-requests"] == "0"
    assert "x-ratelimit-limit-requests" not in headers


def test_limits_per_minute_are_charged_with_the_prompt_and_the_asked_output():
    service = serve(tokens_per_minute=1_000)
    enter(service, prompt_tokens=90)
    assert service.headers(0)["x-ratelimit-remaining-tokens"] == "900"


def test_a_job_that_finds_the_queue_full_has_used_its_share_of_the_limit():
    service = serve(slots=1, queue=0, requests_per_minute=10)
    enter(service)
    with pytest.raises(ApiError, match="served"):
        enter(service)
    assert service.headers(0)["x-ratelimit-remaining-requests"] == "8"


def test_slowdown_follows_the_slots_that_are_busy():
    service = serve(slots=3, queue=0, batch_slowdown=0.5)
    jobs = [enter(service) for _ in range(3)]
    assert service.slowdown == 1.5
    service.leave(jobs[0], 1)
    assert service.slowdown == 1.25
    service.leave(jobs[1], 1)
    assert service.slowdown == 1.0


def test_the_first_token_counts_from_the_slot_not_from_the_arrival():
    service = serve(slots=1, queue=1, ttft_s=0.5)
    first, second = enter(service, 0), enter(service, 0)
    service.leave(first, 2_000_000_000)
    assert service.first_token_ns(second) == 2_500_000_000


def test_what_is_cached_of_a_prompt_is_not_read_again_before_the_first_token():
    """256 of 300 tokens at 1,000 a second: 0.256 s sooner."""
    service = serve(prefix_cache=True, ttft_s=1.0, prefill_rate=1000.0, slots=2)
    first, again = (service.deal(300, 1, (b"1", b"2")) for _ in range(2))
    service.enter(first, 0), service.enter(again, 0)

    assert (first.cached_tokens, again.cached_tokens) == (0, 256)
    assert service.first_token_ns(first) - service.first_token_ns(again) == 256_000_000


def test_without_a_cache_nothing_is_found_again():
    service = serve(prefix_cache=False, slots=2)
    jobs = [service.deal(300, 1, (b"1", b"2")) for _ in range(2)]

    assert [service.enter(job, 0) and job.cached_tokens for job in jobs] == [0, 0]


def test_the_same_seed_deals_the_same_hands_and_another_seed_others():
    def hands(seed: int) -> list[tuple[object, ...]]:
        service = serve(seed, jitter=0.01, faults=Faults(error=0.1, cut=0.1, stall=0.1))
        jobs = [service.deal(10, None) for _ in range(50)]
        return [
            (job.fault, job.first_token_factor, job.token_factor, job.text_start, job.output_tokens) for job in jobs
        ]

    assert hands(1) == hands(1)
    assert hands(1) != hands(2)


def test_jitter_of_one_per_cent_keeps_every_request_within_two():
    service = serve(jitter=0.01)
    jobs = [service.deal(100, 10) for _ in range(2_000)]
    factors = [factor for job in jobs for factor in (job.first_token_factor, job.token_factor)]
    assert max(abs(factor - 1) for factor in factors) <= 0.02 + 1e-12
    assert abs(fmean(factors) - 1) < 0.001


def test_faults_strike_at_their_rates():
    service = serve(faults=Faults(error=0.2, cut=0.1, stall=0.05))
    counts = Counter(service.deal(100, 10).fault for _ in range(4_000))
    for fault, rate in {"error": 0.2, "cut": 0.1, "stall": 0.05, None: 0.65}.items():
        assert counts[fault] / 4_000 == pytest.approx(rate, abs=0.025)


def test_an_answer_has_the_asked_length_or_one_that_chance_picks():
    service = serve()
    assert service.deal(100, 33).output_tokens == 33
    lengths = {service.deal(100, None).output_tokens for _ in range(200)}
    assert len(lengths) > 50
    assert min(lengths) >= 48
    assert max(lengths) <= 160
