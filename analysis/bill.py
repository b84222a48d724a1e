"""What does the stated demand cost a day and a month, input included?

Dollars at [demand], from what one measured answer reads and writes and from the prices of the source that the target
names; the other dated sources of the catalogue stand beside it. What no source states is unknown, never 0.
"""

from __future__ import annotations

from matplotlib.figure import Figure

from firsttoken.catalogue import Source
from firsttoken.decide.study import Study
from firsttoken.decide.words.units import UNKNOWN, write_value
from firsttoken.report.chart import theme
from firsttoken.report.chart.series import join_words, number_cell, write_source
from firsttoken.report.chart.short_names import shorten_names
from firsttoken.report.page import Cell, Cells, Column, Page, Table, run_alone
from firsttoken.scenario.format import Demand
from firsttoken.scenario.target import Target

ORDER = 50
PRICES = (("Input", "input"), ("Cached", "cached_input"), ("Cache write", "cache_write"), ("Output", "output"))
GUESSED = "; these are the lengths that were asked for, as no answer reported its usage"
BILLS = (("Input", "bill_input_day"), ("Output", "bill_output_day"))


def build(study: Study) -> Page | None:
    """The page: a bar per target, a row per dated source; None where the scenario states no demand."""
    demand = study.scenario.demand
    if demand is None:
        return None
    heads = [
        Column("Target", words=True), Column("Prices from", words=True, wide=True),
        *(Column(title, "$ per 1M") for title, _ in PRICES), Column("Long context", "× in, × out"),
        *(Column(title, "$ a day") for title, _ in BILLS),
        Column("Together", f"$ in {demand.days} days"),
    ]  # fmt: skip
    rows = [row for target in study.scenario.target for row in _rows(study, target)]
    assumed = [target for target in study.targets if (day := study.result(target, "bill_day")) and day.n == 0]
    priced = _known(study, "bill_output_day").keys()
    notes = [f"{join_words(assumed)}: no answer reported its usage; the lengths are those that were asked for."]
    return Page(
        slug="bill",
        title="Bill",
        question="What does the stated demand cost, input included?",
        finding=_finding(study, demand) + (GUESSED if priced and priced <= set(assumed) else ""),
        figure=_draw(study),
        caption=f"{_write_demand(demand)}, at the prices of the source that each target names. Dollars a day.",
        table=Table(heads, rows),
        notes=(
            *_tell_output(study, demand),
            "Input and output of a request are the means of the measured answers; cached input is billed as cached "
            "where the server said so and the source has a price for it. What retries add is not in this bill: see "
            "retry cost.",
            "Long context: a prompt longer than this many tokens multiplies the prices of its whole request. Unknown: "
            "the source does not say.",
            "In grey: other dated sources of the catalogue, which the bill does not use.",
            *(notes if assumed else []),
        ),
    )


def _finding(study: Study, demand: Demand) -> str:
    output, whole = (_known(study, metric) for metric in ("bill_output_day", "bill_month"))
    if not output:
        return f"{_write_demand(demand)}: the bill is unknown, for no target has a known price"
    if not whole:
        costs = join_words([f"{_dollars(cost * demand.days)} on {target}" for target, cost in output.items()])
        return f"{_write_demand(demand)} cost {costs} in {demand.days} days for output alone; input is unknown"
    costs = join_words([f"{_dollars(cost)} on {target}" for target, cost in whole.items()])
    apart = f", {_dollars(max(whole.values()) - min(whole.values()))} apart" if len(whole) > 1 else ""
    alone = join_words([_dollars(output[target] * demand.days) for target in whole if target in output])
    return f"{_write_demand(demand)} cost {costs} in {demand.days} days{apart}; output alone is {alone}"


def _tell_output(study: Study, demand: Demand) -> list[str]:
    """What the output costs by itself: the figure that comparisons of models publish."""
    output = _known(study, "bill_output_day")
    if not output:
        return []
    costs = join_words([f"{_dollars(cost)} on {target}" for target, cost in output.items()])
    apart = _dollars((max(output.values()) - min(output.values())) * demand.days)
    return [
        f"A day's output alone costs {costs}" + (f", {apart} apart in {demand.days} days." if len(output) > 1 else ".")
    ]


def _dollars(value: float) -> str:
    return write_value(value, "USD")


def _known(study: Study, metric: str) -> dict[str, float]:
    results = {target: study.result(target, metric) for target in study.targets}
    return {target: result.value for target, result in results.items() if result and result.value is not None}


def _write_demand(demand: Demand) -> str:
    if demand.output_tokens_per_day is not None:
        return f"{demand.output_tokens_per_day:,.0f} output tokens a day"
    return f"{demand.requests_per_day or 0:,.0f} requests a day"


def _draw(study: Study) -> Figure:
    figure, [panel] = theme.canvas(2.0 + 0.9 * len(study.targets))
    colour = theme.colours(study.targets)
    sides = {"output": _known(study, "bill_output_day"), "input": _known(study, "bill_input_day")}
    for row, target in enumerate(study.targets):
        left = 0.0
        for side, (alpha, ink) in {"output": (1.0, theme.PAPER), "input": (0.45, theme.INK)}.items():
            dollars = sides[side].get(target, 0.0)
            if dollars:
                words = f"{side} {write_value(dollars, 'USD')}"
                panel.barh(row, dollars, left=left, height=0.6, color=colour[target], alpha=alpha)
                panel.text(left + dollars / 2, row, words, ha="center", va="center", fontsize=7.5, color=ink)
            left += dollars
        if not left:
            panel.annotate("price unknown", (0, row), xytext=(4, 0), textcoords="offset points", va="center")
    panel.set_yticks(range(len(study.targets)), list(shorten_names(study.targets).values()))
    panel.set_ylim(len(study.targets) - 0.5, -0.5)
    panel.set_xlim(left=0)
    panel.grid(visible=False)
    panel.set_xlabel("dollars a day")
    panel.xaxis.set_major_formatter(lambda dollars, _: f"${dollars:,.0f}")
    return figure


def _rows(study: Study, target: Target) -> list[Cells]:
    used, model = study.prices[target.name], study.catalogue.get(target.model)
    bills = [number_cell(study.result(target.name, metric), "$") for _, metric in (*BILLS, ("", "bill_month"))]
    rows: list[Cells] = [(target.name, write_source(used), *_prices(used), *bills)]
    others = [source for source in (model.sources.values() if model else ()) if source is not used]
    return rows + [("", Cell("", write_source(source)), *_prices(source), *["–"] * len(bills)) for source in others]


def _prices(source: Source | None) -> list[Cell | str]:
    stated = [None if source is None else getattr(source, field) for _, field in PRICES]
    return [*(UNKNOWN if price is None else f"{price:,.2f}" for price in stated), _long_context(source)]


def _long_context(source: Source | None) -> Cell:
    """By how much a long prompt's request is dearer, and from which length on."""
    tier = source.long_context if source else None
    if tier is None:
        return Cell(UNKNOWN)
    return Cell(f"{tier.input_multiple:g}, {tier.output_multiple:g}", f"over {tier.over_tokens / 1000:,g}k")


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
