"""Whether one model, at one tier, answered: what a gateway or a provider put in its place is no answer of it.

Rule: models or tiers that are mixed, or that are not the ones asked for, keep a level from passing, for who answers
next is unknown. Several builds, deployments or addresses of the same model are only reported.
"""

from collections.abc import Iterable

from firsttoken.decide.flags.flag import Evidence, Listed, Quantity, Rule, Sentence, join, say, show
from firsttoken.decide.measure.answerers import Counts
from firsttoken.decide.measure.window_data import WindowData
from firsttoken.decide.measure.workload import WorkloadFacts
from firsttoken.row import name_tier
from firsttoken.scenario.model_names import is_same_model

OPEN_TIERS = frozenset({"", "auto"})
"""Words that ask for any tier."""
MOST_NAMED = 3


def find_changed_endpoint(data: WindowData, workload: WorkloadFacts) -> Evidence | None:
    """What shows that another model or tier than was requested answered, or several of them; else None."""
    found = [each for each in (_find_models(data, workload), _find_tiers(data, workload)) if each]
    whole = join(found)
    return whole._replace(value=max(each.value or 0.0 for each in found)) if whole else None


def _find_models(data: WindowData, workload: WorkloadFacts) -> Evidence | None:
    models = data.answerers.models
    others = {name: count for name, count in models.items() if not _is_expected(name, workload)}
    if others:
        share = sum(others.values()) / sum(models.values())
        reported, expected = _tell_models(others, models), _tell_expected(others, workload)
        return show("{reported}; {expected}.", share, 0.0, "share", reported=reported, expected=expected)
    if _are_mixed(models):
        share = 1 - max(models.values()) / sum(models.values())
        return show("{reported}.", share, 0.0, "share", reported=_tell_models(models, models))
    return None


def _is_expected(name: str, workload: WorkloadFacts) -> bool:
    """Whether an answer's model is the one that was requested, and of the version that answered first."""
    return _is_asked(name, workload) and (_reference(workload) is None or is_same_model(workload.first_model, name))


def _is_asked(name: str, workload: WorkloadFacts) -> bool:
    return workload.names_deployment or not workload.model or is_same_model(workload.model, name)


def _reference(workload: WorkloadFacts) -> str | None:
    """The model that answered at the first level, where it was one that had been asked for."""
    return workload.first_model if workload.first_model and _is_asked(workload.first_model, workload) else None


def _tell_expected(others: Counts, workload: WorkloadFacts) -> str:
    if all(_is_asked(name, workload) for name in others):
        return f"{workload.first_model} answered at the first level"
    return f"{workload.model} was requested"


def _are_mixed(names: Iterable[str]) -> bool:
    """Whether some of the names are of different models."""
    known = list(names)
    return any(not is_same_model(one, other) for place, one in enumerate(known) for other in known[:place])


def _tell_models(reported: Counts, models: Counts) -> Sentence:
    if len(reported) == len(models) == 1:
        return say("Every answer came from {name}", name=next(iter(reported)))
    first, *rest = _share_out(reported, models, "{share} from {name}")
    whole = first._replace(template="{share} of answers came from {name}")
    return say("{all}", all=Listed((whole, *rest), " and "))


def _find_tiers(data: WindowData, workload: WorkloadFacts) -> Evidence | None:
    tiers = data.answerers.tiers
    wanted = workload.tier or workload.first_tier
    others = {name: count for name, count in tiers.items() if name_tier(name) != name_tier(wanted)}
    others = {} if wanted in OPEN_TIERS else others
    mixed = len({name_tier(name) for name in tiers}) > 1
    if not others and not mixed:
        return None
    reported = say("Every answer was served as {name}", name=next(iter(tiers)))
    if mixed:
        served = Listed(_share_out(tiers, tiers, "{share} served as {name}"))
        reported = say("Answers differ in tier: {served}", served=served)
    beside = f"; it was {wanted} at the first level" if others else ""
    beside = f"; {workload.tier} was requested" if workload.tier else beside
    strangers = sum(others.values()) if others else sum(tiers.values()) - max(tiers.values())
    return show("{reported}{beside}.", strangers / sum(tiers.values()), 0.0, "share", reported=reported, beside=beside)


def find_spread_endpoint(data: WindowData) -> Evidence | None:
    """What shows that several deployments, builds or addresses answered; else None."""
    kinds = {
        "deployments": data.answerers.deployments,
        "builds (fingerprints)": data.answerers.fingerprints,
        "addresses": data.answerers.peers,
    }
    return join([_tell_spread(kind, counts) for kind, counts in kinds.items() if len(counts) > 1])


def _tell_spread(kind: str, counts: Counts) -> Evidence:
    most = dict(list(counts.items())[:MOST_NAMED])
    more = f", {len(counts) - MOST_NAMED} more" if len(counts) > MOST_NAMED else ""
    named = Listed(_share_out(most, counts, "{name} {share}"))
    return show("{count} {kind} answered: {named}{more}.", count=len(counts), kind=kind, named=named, more=more)


def _share_out(reported: Counts, of: Counts, template: str) -> tuple[Sentence, ...]:
    """For each name a part of a sentence with its share."""
    total = sum(of.values())
    return tuple(say(template, name=name, share=Quantity(count / total, "share")) for name, count in reported.items())


RULES = {
    "ENDPOINT_CHANGED": Rule(
        "another model or tier than was requested, or several of them, answered",
        "pass",
        lambda facts: find_changed_endpoint(facts.data, facts.workload),
        "one model, at one tier, for all answers",
        shown="remark",
    ),
    "ENDPOINT_SPREAD": Rule(
        "several deployments, builds or addresses of the model answered",
        "nothing",
        lambda facts: find_spread_endpoint(facts.data),
    ),
}
