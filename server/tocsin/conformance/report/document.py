"""Writes `report.yaml`, for programs and for whoever reads what a server's author has sent."""

from typing import Any

import yaml

from tocsin.conformance.clauses import Level
from tocsin.conformance.outcomes import Outcome, Result
from tocsin.conformance.report.summary import Run


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def document(run: Run) -> str:
    """Returns the report as YAML."""
    return yaml.dump(_values(run), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def _values(run: Run) -> dict[str, Any]:
    options = run.options
    server = {
        "target": options.target,
        "rest": options.rest,
        "tls": options.ca is not None,
        "folder": options.folder,
    }
    return {
        "suite": run.suite,
        "verdict": str(run.verdict),
        "summary": run.sentence(),
        "started": run.started,
        "seconds": run.seconds,
        "server": {name: value for name, value in server.items() if value is not None},
        "checks-chosen-by": run.expression or "profiles",
        "profiles": {profile: _levels(run, profile) for profile in run.profiles()},
        "profiles-left-out": run.profiles_left_out(),
        "missing-features": run.missing,
        "left-behind": list(run.left_behind),
        "checks": [_check(result) for result in run.by_severity()],
    }


def _levels(run: Run, profile: str) -> dict[str, dict[str, int]]:
    return {
        str(level): {str(o): counts[o] for o in Outcome if counts[o]}
        for level in Level
        if (counts := run.counts(profile, level))
    }


def _check(result: Result) -> dict[str, Any]:
    clause = result.clause
    told = {
        "id": clause.id,
        "level": str(clause.level),
        "result": str(result.outcome),
        "sentence": clause.sentence,
        "source": clause.source,
        "features": list(clause.features),
        "seconds": result.seconds,
        "reason": result.reason,
        "declared": result.declared,
        "again": result.rerun if result.outcome is not Outcome.PASSED else "",
        "exchanges": [exchange.to_dict() for exchange in _listed(result)],
    }
    return {name: value for name, value in told.items() if value not in ("", [])}


def _listed(result: Result) -> list[Any]:
    return list(result.exchanges)
