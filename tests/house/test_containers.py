"""The files of the container run, which no test here can start: what can be read of them holds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import chofesh.settings  # noqa: F401
from chofesh import environment

ROOT = Path(__file__).parents[2]
OURS = ("web", "worker", "beat")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]


@pytest.fixture(scope="module")
def image() -> str:
    return (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize("name", OURS)
def test_a_process_of_ours_may_write_only_where_it_must(services, name):
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"] == ["/tmp"]
    assert service["volumes"] == ["data:/data", "keys:/keys"]


def test_every_service_is_watched(services, image):
    watched = {name for name, service in services.items() if service.get("healthcheck")}
    assert watched | {"web"} == set(services)
    assert "HEALTHCHECK" in image


def test_every_variable_that_is_set_is_read(services, image):
    in_image = re.findall(r"\b((?:CHOFESH_\w+|HOST|PORT))=", image)
    assert {*services["web"]["environment"], *in_image} <= environment.KNOWN


def test_the_port_is_open_to_this_machine_alone(services):
    assert services["web"]["ports"] == ["127.0.0.1:8000:8000"]
    assert not any("ports" in services[name] for name in services if name != "web")


def test_a_process_is_given_longer_to_end_than_it_takes(services):
    from django.conf import settings

    for name in ("web", "worker"):
        assert int(services[name]["stop_grace_period"].removesuffix("s")) > 2 * settings.DRAIN_S


def test_it_runs_as_nobody_in_particular_with_locked_packages(image):
    assert re.search(r"^USER chofesh$", image, re.MULTILINE)
    assert image.index("USER chofesh") < image.index("CMD [")
    assert "--require-hashes -r requirements.lock" in image
