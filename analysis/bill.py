"""What does the demand cost, input included?

Dollars at [demand], from what one measured answer reads and writes and from the prices of the source that the target
names; the other dated sources stand beside it. What no source states is unknown, never 0.
"""

from collections.abc import Iterator

from firsttoken.analysis import (
    UNKNOWN,
    Cell,
    Cells,
    Column,
    Page,
    Source,
    Study,
    Table,
    Target,
    join_words,
    metric_bars,
    number_cell,
    run_alone,
    write_demand,
    write_source,
    write_value,
)

ORDER = 50
PRICES = (("Input", "input"), ("Cached", "cached_input"), ("Cache write", "cache_write"), ("Output", "output"))
GUESSED = "; the lengths are the requested ones, as no answer reported its usage"
BILLS = (("Input", "bill_input_day"), ("Output", "bill_output_day"))


def build(study: Study) -> Page | None:
    """The page: a bar per target, a row per dated source; None where the scenario states no demand."""
    demand = study.scenario.demand
    if demand is None:
        return None
    heads = [
        Column("Target", words=True), Column("Prices from", words=True, wide=True),
        *(Column(title, "$ per 1M") for title, _ in PRICES), Column("Long context", "× in, × out"),
        *(Column(title, "$ a day") for title, _ in BILLS), Column("Together", f"$ in {demand.days} days"),
    ]  # fmt: skip
    assumed = [target for target in study.targets if (day := study.result(target, "bill_day")) and day.n == 0]
    guessed = GUESSED if set() < {*_known(study, "bill_output_day")} <= {*assumed} else ""
    return Page(
        slug="bill",
        title="Bill",
        question="What does the demand cost, input included?",
        finding=write_demand(demand) + _finding(study, demand.days) + guessed,
        figure=metric_bars(study, [("output", BILLS[1][1]), ("input", BILLS[0][1])], "dollars a day", "price unknown"),
        caption=f"{write_demand(demand)}, at the prices of each target's source. Dollars a day.",
        table=Table(heads, [row for target in study.scenario.target for row in _rows(study, target)]),
        notes=(
            *_describe_output(study, demand.days),
            "Input and output of a request are the means of the measured answers; cached input is billed as cached "
            "where the server reports it and the source has a price for it. The cost of retries is not in this bill: "
            "see retry cost.",
            "Long context: a prompt longer than this many tokens multiplies the prices of its whole request. Unknown: "
            "the source does not say.",
            "In grey: other dated sources of the catalogue, not used for the bill.",
            *(f"{each}: no answer reported its usage; the lengths are the requested ones." for each in assumed),
        ),
    )  # fmt: skip


def _finding(study: Study, days: int) -> str:
    output, whole = (_known(study, metric) for metric in ("bill_output_month", "bill_month"))
    if not output:
        return ": the bill is unknown, as no target has a known price"
    if not whole:
        return f" cost {_write_costs(output)} in {days} days for output alone; input is unknown"
    alone = join_words([write_value(output[target], "USD") for target in whole])
    return f" cost {_write_costs(whole)} in {days} days{_write_spread(whole)}; output alone is {alone}"


def _describe_output(study: Study, days: int) -> Iterator[str]:
    """What the output costs by itself: the figure that comparisons of models publish."""
    if output := _known(study, "bill_output_day"):
        apart = _write_spread(_known(study, "bill_output_month"))
        yield f"A day's output alone costs {_write_costs(output)}{apart}{f' in {days} days' if apart else ''}."


def _write_costs(dollars: dict[str, float]) -> str:
    return join_words([f"{write_value(cost, 'USD')} on {target}" for target, cost in dollars.items()])


def _write_spread(dollars: dict[str, float]) -> str:
    apart = max(dollars.values()) - min(dollars.values())
    return f", {write_value(apart, 'USD')} apart" if round(apart, 2) else ""


def _known(study: Study, metric: str) -> dict[str, float]:
    return {target: value for target in study.targets if (value := study.value(target, metric)) is not None}


def _rows(study: Study, target: Target) -> Iterator[Cells]:
    used, model = study.prices[target.name], study.catalogue.get(target.model)
    bills = [number_cell(study.result(target.name, metric)) for _, metric in (*BILLS, ("", "bill_month"))]
    yield (target.name, write_source(used), *_prices(used), *bills)
    for source in model.sources.values() if model else ():
        if source is not used:
            yield ("", Cell("", write_source(source)), *_prices(source), *["–"] * len(bills))


def _prices(source: Source | None) -> Iterator[Cell | str]:
    for _, field in PRICES:
        price = getattr(source, field) if source else None
        yield UNKNOWN if price is None else f"{price:,.2f}"
    tier = source.long_context if source else None
    multiples = f"{tier.input_multiple:g}, {tier.output_multiple:g}" if tier else UNKNOWN
    yield Cell(multiples, f"over {tier.over_tokens / 1000:,g}k" if tier else "")


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
