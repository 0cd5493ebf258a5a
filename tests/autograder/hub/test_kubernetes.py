"""The values for Kubernetes: they can be read, and fit the charts' schemas where those are at hand."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.autograder.course_copy import ROOT

VALUES = ROOT / "deploy" / "kubernetes"
CHARTS = ("jupyterhub", "dask-gateway")


def values(chart: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((VALUES / f"{chart}.yaml").read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize("chart", CHARTS)
def test_values_say_that_they_were_not_run_and_hold_no_secret(chart: str) -> None:
    text = (VALUES / f"{chart}.yaml").read_text(encoding="utf-8")
    assert "NOT RUN" in text
    secrets = [values(chart).get("gateway", {}).get("auth", {}).get("jupyterhub", {}).get("apiToken", "")]
    assert secrets == [""]


def test_values_limit_what_a_server_takes_and_reaches() -> None:
    singleuser = values("jupyterhub")["singleuser"]
    assert singleuser["memory"]["limit"]
    assert singleuser["cpu"]["limit"]
    assert set(singleuser["networkPolicy"]["egressAllowRules"].values()) == {False}
    assert singleuser["allowPrivilegeEscalation"] is False


@pytest.mark.parametrize("chart", CHARTS)
def test_values_fit_the_schema_of_the_chart(chart: str) -> None:
    import jsonschema

    folder = os.environ.get("THREADS_CHARTS")
    if not folder:
        pytest.skip("THREADS_CHARTS names no folder with the charts' schemas")
    schema, defaults = (yaml.safe_load((Path(folder) / f"{chart}{kind}.yaml").read_text(encoding="utf-8")) for kind in ("", "-defaults"))
    jsonschema.validate(merged(defaults, values(chart)), schema)


def merged(defaults: Any, ours: Any) -> Any:
    """As Helm puts values over a chart's own: the schema is for the result."""
    if not (isinstance(defaults, dict) and isinstance(ours, dict)):
        return ours
    return {**defaults, **{name: merged(defaults.get(name), value) for name, value in ours.items()}}
