"""What the loop did, for a person to read."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from watch import Run, Screen

UNITS = {"rmse": " minutes", "mae": " minutes", "mse": " square minutes"}


def days(first: str, end: str) -> str:
    """1 Jul – 31 Jul, of a period that ends before `end`."""
    start, last = datetime.date.fromisoformat(first), datetime.date.fromisoformat(end) - datetime.timedelta(1)
    return f"{start.day} {start:%b} – {last.day} {last:%b}"


@dataclass(frozen=True)
class Judgement:
    """One evaluation: which model, on what, how good, and what was decided."""

    name: str
    generation: int
    first: str
    end: str
    flights: int
    metric: str
    value: float
    threshold: float
    predicted_mean: float
    target_mean: float
    retrained: bool
    new_generation: int | None

    @staticmethod
    def of(name: str, output: dict[str, Any]) -> "Judgement":
        evaluation, monitoring, decision = output["Evaluation"], output["MonitoringOutput"], output["Decision"]
        return Judgement(
            name=name,
            generation=output["Model"]["Generation"],
            first=evaluation["From"],
            end=evaluation["To"],
            flights=monitoring["RowCount"],
            metric=evaluation["Metric"],
            value=monitoring["ModelPerformance"][evaluation["Metric"]],
            threshold=evaluation["Threshold"],
            predicted_mean=monitoring["Prediction"]["Mean"],
            target_mean=monitoring["Target"]["Mean"],
            retrained=decision["Retrained"],
            new_generation=decision["Training"]["Generation"] if decision["Retrained"] else None,
        )

    def sentence(self) -> str:
        off = self.predicted_mean - self.target_mean
        side = "long" if off > 0 else "short"
        decided = f"worse than {self.threshold:g}: trained again" if self.retrained else f"good enough ({self.threshold:g})"
        return (
            f"Generation {self.generation}: {self.metric} {self.value:.2f}{UNITS.get(self.metric, '')}, {decided}. "
            f"It takes flights to be {abs(off):.1f} minutes too {side}."
        )

    def verdict(self) -> str:
        if self.retrained:
            return f"found wanting: {self.metric} {self.value:.2f} is worse than {self.threshold:g} → generation {self.new_generation}"
        return f"good: {self.metric} {self.value:.2f} is within {self.threshold:g}"


def table(screen: Screen, title: str, head: list[str], rows: list[list[str]], left: int) -> None:
    """Columns as wide as they need be; the first `left` and the last one stand to the left."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    screen.line(f"\n{screen.bold(title)}")
    for row in [head, *rows]:
        cells = [f"{c:<{w}}" if i < left or i == len(row) - 1 else f"{c:>{w}}" for i, (c, w) in enumerate(zip(row, widths))]
        screen.line("  " + "   ".join(cells).rstrip())


def summarise(
    screen: Screen, models: list[dict[str, Any]], judgements: list[Judgement], runs: list[Run], seconds: float
) -> None:
    _models(screen, models)
    _judgements(screen, judgements)
    _before_and_after(screen, judgements)
    _steps(screen, runs)
    screen.line(f"\n{len(runs)} executions, {len(models)} registered models, {seconds:.1f} s in all.")


def _models(screen: Screen, models: list[dict[str, Any]]) -> None:
    rows = [
        [
            item["GENERATION"]["N"],
            days(item["DATA_FROM"]["S"], item["DATA_TO"]["S"]),
            f"{int(item['ROW_COUNT']['N']):,}",
            f"{float(item['TRAINING_METRIC']['M']['VALUE']['N']):.2f}",
            item["SAGEMAKER_MODEL_NAME"]["S"],
        ]
        for item in models
    ]
    table(screen, "Models", ["generation", "trained on", "flights", "validation rmse", "name"], rows, left=2)


def _judgements(screen: Screen, judgements: list[Judgement]) -> None:
    rows = [
        [
            str(j.generation),
            days(j.first, j.end),
            f"{j.flights:,}",
            f"{j.predicted_mean:.1f}",
            f"{j.target_mean:.1f}",
            f"{j.value:.2f}",
            j.verdict(),
        ]
        for j in judgements
    ]
    head = ["generation", "judged on", "flights", "predicted", "flown", judgements[0].metric, "decided"]
    table(screen, "Judgements", head, rows, left=2)


def _before_and_after(screen: Screen, judgements: list[Judgement]) -> None:
    for before, after in zip(judgements, judgements[1:]):
        if before.retrained and (before.first, before.end) == (after.first, after.end):
            screen.line(
                f"  {before.name}: {before.metric} {before.value:.2f} before, {after.value:.2f} after training on the "
                f"flights just before."
            )


def _steps(screen: Screen, runs: list[Run]) -> None:
    seconds: dict[tuple[str, str], list[float]] = {}
    for run in runs:
        for each in filter(None, (run, run.child)):
            machine = each.arn.split(":")[6]
            for step in each.steps:
                seconds.setdefault((machine, step.name), []).append(step.seconds)
    rows = [
        [machine, state, str(len(took)), f"{sum(took):.2f}", f"{max(took):.2f}"]
        for (machine, state), took in seconds.items()
    ]
    table(screen, "Seconds in each step", ["flow", "state", "times", "in all", "longest"], rows, left=2)
