"""Real llama.cpp servers on loopback, started once per suite with models made on the spot.

Rule: where the `real` extra cannot be installed the tests say so and are skipped; in CI that is an error.
"""

import importlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.server import serve

KEY = "sk-loopback-only-7f3a9c"


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The GGUF file of each model, by name."""
    try:
        importlib.import_module("xllamacpp")
        model = importlib.import_module("tests.real.model")
    except ImportError as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no real llama.cpp server on this machine ({missing}); `pip install -e .[real]` brings it")
    folder = tmp_path_factory.mktemp("models")
    return {shape.name: model.make_model(shape, folder) for shape in model.SHAPES}


@pytest.fixture(scope="session")
def nano(models: dict[str, Path]) -> Iterator[str]:
    """Base URL of a server of the 0.8 MB model."""
    with serve(models["nano"]) as url:
        yield url


@pytest.fixture(scope="session")
def locked(models: dict[str, Path]) -> Iterator[str]:
    """Base URL of a server that asks for KEY."""
    with serve(models["nano"], api_key=KEY) as url:
        yield url


@pytest.fixture(scope="session")
def tiny(models: dict[str, Path]) -> Iterator[str]:
    """Base URL of a server of the 16 MB model."""
    with serve(models["tiny"]) as url:
        yield url
